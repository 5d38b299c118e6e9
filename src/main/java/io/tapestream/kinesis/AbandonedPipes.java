package io.tapestream.kinesis;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The pipes of daemons that died before they had opened them. For each the KPL keeps a thread that waits in opening it
 * for ever, and with it a buffer of 12 MiB.
 */
final class AbandonedPipes {
    private static final Logger log = LoggerFactory.getLogger(AbandonedPipes.class);
    private static final String FOLDER = "amazon-kinesis-producer-native-binaries";
    private static final String PIPES = "amz-aws-kpl-*-pipe-*";
    private static final String THREADS = "kpl-daemon-";
    private static final String OPENS = "connectToChild";
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long TURN_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

    private final Path folder;

    AbandonedPipes(Path tempDirectory) {
        folder = tempDirectory.resolve(FOLDER);
    }

    /** Lets the threads go on that wait for the other end of a pipe, and deletes the pipes; within about a second. */
    void release() {
        int waiting = waitingThreads();
        if (waiting == 0) {
            return;
        }
        List<FileChannel> ends = new ArrayList<>();
        try (DirectoryStream<Path> pipes = Files.newDirectoryStream(folder, PIPES)) {
            for (Path pipe : pipes) {
                // Opened both ways a pipe has its other end already.
                ends.add(FileChannel.open(pipe, StandardOpenOption.READ, StandardOpenOption.WRITE));
                Files.deleteIfExists(pipe);
            }
            long begunNanos = System.nanoTime();
            while (waitingThreads() > 0 && System.nanoTime() - begunNanos < PATIENCE_NANOS) {
                LockSupport.parkNanos(this, TURN_NANOS);
            }
        } catch (IOException e) {
            log.warn("pipes of the KPL not released folder={} cause=\"{}\"", folder, e.toString());
        } finally {
            ends.forEach(AbandonedPipes::close);
        }
        log.info("threads of the KPL released count={} left={}", waiting, waitingThreads());
    }

    private static void close(FileChannel end) {
        try {
            end.close();
        } catch (IOException e) {
            log.warn("pipe of the KPL not closed cause=\"{}\"", e.toString());
        }
    }

    /** How many threads of the KPL wait for a daemon to open its pipes. */
    static int waitingThreads() {
        return (int) Thread.getAllStackTraces().entrySet().stream()
                .filter(thread -> thread.getKey().getName().startsWith(THREADS)
                        && Arrays.stream(thread.getValue())
                                .anyMatch(frame -> frame.getMethodName().equals(OPENS)))
                .count();
    }
}
