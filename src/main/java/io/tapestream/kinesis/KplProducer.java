package io.tapestream.kinesis;

import com.google.common.util.concurrent.ListenableFuture;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.kinesis.producer.IKinesisProducer;
import software.amazon.kinesis.producer.UserRecordResult;

/** The KPL as a {@link Producer}; leaves neither a daemon nor a thread behind. */
final class KplProducer implements Producer {
    private static final Logger log = LoggerFactory.getLogger(KplProducer.class);

    private final IKinesisProducer kpl;
    private final Path tempDirectory;

    KplProducer(IKinesisProducer kpl, Path tempDirectory) {
        this.kpl = kpl;
        this.tempDirectory = tempDirectory;
    }

    @Override
    public ListenableFuture<UserRecordResult> addUserRecord(
            String stream, String partitionKey, String explicitHashKey, ByteBuffer payload) {
        return kpl.addUserRecord(stream, partitionKey, explicitHashKey, payload);
    }

    @Override
    public void flush() {
        kpl.flush();
    }

    @Override
    public void close() {
        kpl.destroy();
        // A daemon that the KPL was about to start is known to it only once the first call has ended.
        kpl.destroy();
        // The KPL only asks its daemon to end, and not even that while it is still starting it.
        Path programs = realPath(tempDirectory);
        ProcessHandle.current()
                .children()
                .filter(child -> isBelow(programs, child))
                .forEach(daemon -> {
                    log.warn("daemon of the KPL ended by force pid={}", daemon.pid());
                    daemon.destroyForcibly();
                });
        new AbandonedPipes(programs).release();
    }

    /** The path without symbolic links, as the system names the program of a process. */
    private static Path realPath(Path path) {
        try {
            return path.toRealPath();
        } catch (IOException e) {
            return path;
        }
    }

    private static boolean isBelow(Path folder, ProcessHandle child) {
        return child.info()
                .command()
                .map(Path::of)
                .filter(command -> command.startsWith(folder))
                .isPresent();
    }
}
