package io.tapestream.kinesis;

import com.google.common.util.concurrent.ListenableFuture;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import software.amazon.kinesis.producer.IKinesisProducer;
import software.amazon.kinesis.producer.UserRecordResult;

/** The KPL as a {@link Producer}; leaves neither a daemon nor a thread behind. */
final class KplProducer implements Producer {
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
        new DaemonProcesses(tempDirectory).endOwn();
        new AbandonedPipes(tempDirectory).release();
    }
}
