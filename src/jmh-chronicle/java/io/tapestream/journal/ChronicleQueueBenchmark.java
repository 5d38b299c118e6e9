package io.tapestream.journal;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import net.openhft.chronicle.bytes.Bytes;
import net.openhft.chronicle.queue.ChronicleQueue;
import net.openhft.chronicle.queue.ExcerptAppender;
import net.openhft.chronicle.queue.ExcerptTailer;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * {@link JournalBenchmark} on Chronicle Queue: the same messages into a queue in memory, one thread. Each iteration has
 * a queue of its own, because the queue deletes nothing by itself.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(
        jvmArgsAppend = {
            "-Dchronicle.analytics.disable=true",
            "--add-exports=java.base/jdk.internal.ref=ALL-UNNAMED",
            "--add-exports=java.base/sun.nio.ch=ALL-UNNAMED",
            "--add-opens=java.base/java.lang=ALL-UNNAMED",
            "--add-opens=java.base/java.lang.reflect=ALL-UNNAMED",
            "--add-opens=java.base/java.io=ALL-UNNAMED",
            "--add-opens=java.base/java.util=ALL-UNNAMED",
            "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
            "--add-opens=jdk.compiler/com.sun.tools.javac=ALL-UNNAMED"
        })
public class ChronicleQueueBenchmark {
    /** Length of a message; that of a frame with a handful of trades by default. */
    @Param("700")
    int length = 700;

    private Path folder = Path.of("");
    private Bytes<?> message = Bytes.allocateDirect(0);
    private final Bytes<?> read = Bytes.allocateElasticDirect(4096);
    private @Nullable ChronicleQueue queue;
    private @Nullable ExcerptAppender appender;
    private @Nullable ExcerptTailer tailer;
    private long appended;

    /** Makes a queue in a temporary folder. */
    @Setup(Level.Iteration)
    public void open() throws IOException {
        folder = new InMemoryFolder().createTempDirectory();
        message = Bytes.wrapForRead(new byte[length]);
        ChronicleQueue opened = ChronicleQueue.single(folder.toString());
        queue = opened;
        appender = opened.createAppender();
        tailer = opened.createTailer();
        appended = 0;
    }

    /** Closes and deletes the queue. */
    @TearDown(Level.Iteration)
    public void close() throws IOException {
        Objects.requireNonNull(queue).close();
        try (Stream<Path> files = Files.walk(folder)) {
            List<Path> all = files.toList();
            for (int i = all.size() - 1; i >= 0; i--) {
                Files.delete(all.get(i));
            }
        }
    }

    /** Appends a message. */
    @Benchmark
    public long append() {
        Objects.requireNonNull(appender).writeBytes(message);
        return ++appended;
    }

    /** Appends a message and reads it. */
    @Benchmark
    public long appendAndRead() {
        append();
        read.clear();
        if (!Objects.requireNonNull(tailer).readBytes(read)) {
            throw new IllegalStateException("what was appended cannot be read: messages=" + appended);
        }
        return read.readRemaining();
    }
}
