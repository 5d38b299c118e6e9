package io.tapestream.kinesis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AbandonedPipesTest {
    @TempDir
    Path folder;

    @Test
    void aThreadThatWaitsForADeadDaemonGoesOnAndItsPipesAreGone() throws Exception {
        Path in = pipe("amz-aws-kpl-in-pipe-01234567");
        Path out = pipe("amz-aws-kpl-out-pipe-01234567");
        Thread thread = new Thread(() -> connectToChild(in, out), "kpl-daemon-0000");
        thread.setDaemon(true);
        thread.start();
        await().until(() -> AbandonedPipes.waitingThreads() == 1);

        new AbandonedPipes(folder).release();

        thread.join(Duration.ofSeconds(10).toMillis());
        assertThat(thread.isAlive()).isFalse();
        assertThat(in).doesNotExist();
        assertThat(out).doesNotExist();
    }

    @Test
    void pipesThatNobodyWaitsForAreLeftAlone() throws Exception {
        Path in = pipe("amz-aws-kpl-in-pipe-01234567");

        new AbandonedPipes(folder).release();

        assertThat(in).exists();
    }

    private Path pipe(String name) throws IOException, InterruptedException {
        Path pipe = Files.createDirectories(folder.resolve("amazon-kinesis-producer-native-binaries"))
                .resolve(name);
        assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor())
                .isZero();
        return pipe;
    }

    /** Opens them as the KPL does, in a method of the same name. */
    private static void connectToChild(Path in, Path out) {
        try (FileChannel reading = FileChannel.open(in, StandardOpenOption.READ);
                FileChannel writing = FileChannel.open(out, StandardOpenOption.WRITE)) {
            assertThat(reading.isOpen() && writing.isOpen()).isTrue();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
