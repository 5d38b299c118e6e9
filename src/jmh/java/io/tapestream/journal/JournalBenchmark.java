package io.tapestream.journal;

import com.codahale.metrics.MetricRegistry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * How long it takes to append a message, and to append it and read it back. The keeper works on the same thread, so
 * preparing and deleting segments is part of what is measured, but not the disk: the journal lies in memory. Run with
 * {@code -prof gc}: nothing may be allocated per entry.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class JournalBenchmark {
    private static final int SEGMENT_LENGTH = 16 << 20;
    private static final int RETAINED_SEGMENTS = 4;

    /** Length of a message; that of a frame with a handful of trades by default. */
    @Param("700")
    int length = 700;

    private final InstantSource clock = InstantSource.system();

    private Path directory = Path.of("");
    private ByteBuffer frame = ByteBuffer.allocateDirect(0);
    private @Nullable Journal journal;
    private @Nullable JournalReader reader;

    /** Opens a journal in a temporary folder. */
    @Setup
    public void open() throws IOException {
        directory = new InMemoryFolder().createTempDirectory();
        frame = ByteBuffer.allocateDirect(length);
        Journal opened = Journal.open(settings(), clock, new MetricRegistry());
        opened.appender().openSession(false, new byte[0], clock.millis());
        journal = opened;
        reader = opened.reader(opened.endPosition());
    }

    private JournalSettings settings() {
        return new JournalSettings(
                directory,
                "local",
                "finnhub",
                "stream-finnhub",
                SEGMENT_LENGTH,
                1 << 20,
                Long.MAX_VALUE,
                (long) RETAINED_SEGMENTS * SEGMENT_LENGTH,
                Duration.ofDays(1),
                Duration.ofSeconds(1));
    }

    /** Closes and deletes the journal. */
    @TearDown
    public void close() throws IOException {
        Objects.requireNonNull(reader).close();
        Objects.requireNonNull(journal).close();
        try (Stream<Path> files = Files.list(directory)) {
            List<Path> all = files.toList();
            for (Path file : all) {
                Files.delete(file);
            }
        }
        Files.delete(directory);
    }

    /** Appends a message. */
    @Benchmark
    public long append() {
        Journal open = Objects.requireNonNull(journal);
        if (!open.appender().append(EntryType.FRAME, frame, clock.millis())) {
            open.maintain(open.endPosition(), true);
        }
        return open.endPosition();
    }

    /** Appends a message and reads it. */
    @Benchmark
    public int appendAndRead() {
        append();
        JournalReader open = Objects.requireNonNull(reader);
        if (!open.next()) {
            throw new IllegalStateException("what was appended cannot be read: position=" + open.nextPosition());
        }
        return open.frame().length();
    }
}
