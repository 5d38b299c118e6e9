package io.tapestream.journal;

import com.codahale.metrics.MetricRegistry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * What a message costs the event loop: appending, and going on in the next segment, but not the keeper's work, which
 * another thread does in the running ingester and which is done here between two measurements. Against the same bytes
 * written to a plain file channel. Both lie in memory.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class AppendBenchmark {
    /** Messages between two looks of the keeper: less than a segment. */
    static final int MESSAGES = 20_000;

    private static final int SEGMENT_LENGTH = 16 << 20;
    private static final int FILE_LENGTH = 4 * SEGMENT_LENGTH;

    /** Length of a message; that of a frame with a handful of trades by default. */
    @Param("700")
    int length = 700;

    private Path folder = Path.of("");
    private ByteBuffer message = ByteBuffer.allocateDirect(0);
    private @Nullable Journal journal;
    private @Nullable FileChannel channel;
    private long now;

    /** Opens a journal and a file in a temporary folder. */
    @Setup
    public void open() throws IOException {
        folder = new InMemoryFolder().createTempDirectory();
        message = ByteBuffer.allocateDirect(length);
        JournalSettings settings = new JournalSettings(
                Files.createDirectory(folder.resolve("journal")),
                "local",
                "finnhub",
                "stream-finnhub",
                SEGMENT_LENGTH,
                1 << 20,
                Long.MAX_VALUE,
                4L * SEGMENT_LENGTH,
                Duration.ofDays(1),
                Duration.ofSeconds(1));
        Journal opened = Journal.open(settings, InstantSource.system(), new MetricRegistry());
        opened.appender().openSession(false, new byte[0], now);
        journal = opened;
        channel = FileChannel.open(folder.resolve("file"), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    }

    /** Does what the keeper does on its own thread. */
    @Setup(Level.Invocation)
    public void keep() {
        Journal open = Objects.requireNonNull(journal);
        open.maintain(open.endPosition(), true);
    }

    /** Closes and deletes everything. */
    @TearDown
    public void close() throws IOException {
        Objects.requireNonNull(journal).close();
        Objects.requireNonNull(channel).close();
        try (Stream<Path> files = Files.walk(folder)) {
            List<Path> all = files.toList();
            for (int i = all.size() - 1; i >= 0; i--) {
                Files.delete(all.get(i));
            }
        }
    }

    /** Appends the messages; returns the journal's end. */
    @Benchmark
    @OperationsPerInvocation(MESSAGES)
    public long journal() {
        Journal open = Objects.requireNonNull(journal);
        for (int i = 0; i < MESSAGES; i++) {
            open.appender().append(EntryType.FRAME, message, now++);
        }
        return open.endPosition();
    }

    /** Writes the messages to the file, over again when it is as long as what the journal retains; returns its end. */
    @Benchmark
    @OperationsPerInvocation(MESSAGES)
    public long fileChannel() throws IOException {
        FileChannel open = Objects.requireNonNull(channel);
        for (int i = 0; i < MESSAGES; i++) {
            if (open.position() > FILE_LENGTH) {
                open.position(0);
            }
            open.write(message.clear());
        }
        return open.position();
    }
}
