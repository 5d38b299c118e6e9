package io.tapestream;

import com.codahale.metrics.MetricRegistry;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.common.util.concurrent.Futures;
import com.google.common.util.concurrent.ListenableFuture;
import io.tapestream.frame.FrameWalker;
import io.tapestream.journal.EntryType;
import io.tapestream.journal.InMemoryFolder;
import io.tapestream.journal.Journal;
import io.tapestream.journal.JournalAppender;
import io.tapestream.journal.JournalSettings;
import io.tapestream.kinesis.Clocks;
import io.tapestream.kinesis.KinesisSettings;
import io.tapestream.kinesis.Producer;
import io.tapestream.kinesis.UserRecordPutter;
import io.tapestream.record.RecordPacker;
import io.tapestream.record.RecordSettings;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import software.amazon.kinesis.producer.UserRecordResult;

/**
 * What a trade costs the publisher thread when it catches up: journal, packer and putter over a backlog of different
 * trades, into a producer in this process that acknowledges at once. Run it with {@code -prof gc} from the project's
 * folder.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class PublisherBenchmark {
    /** Trades in the backlog, those of the captures a hundred times over; the score is per trade. */
    static final int TRADES = 100 * 1287;

    private static final List<String> CAPTURES =
            List.of("finnhub-aapl-20230331.ndjson", "crypto-in-finnhub-shape.ndjson");
    private static final RecordSettings RECORDS = new RecordSettings(
            "finnhub",
            Map.of("BINANCE", "crypto", "BITGET", "crypto", "COINBASE", "crypto", "OANDA", "forex"),
            32,
            16 << 10);

    /** How often the captures are in the backlog, at most 9000 times. */
    int rounds = 100;

    private final AcknowledgingProducer producer = new AcknowledgingProducer();
    private final FrameWalker walker = new FrameWalker();
    private Path folder = Path.of("");
    private MetricRegistry metrics = new MetricRegistry();
    private Runnable onUserRecord = () -> {};
    private @Nullable Journal journal;
    private long nanos;

    /** Takes what it is given as the KPL does, with a copy, and acknowledges it. */
    private final class AcknowledgingProducer implements Producer {
        private final UserRecordResult acknowledged =
                new UserRecordResult(List.of(), "49", "shardId-000000000000", true);
        private final byte[] copy = new byte[RECORDS.maxBytes()];
        private long records;
        private long bytes;

        @Override
        public ListenableFuture<UserRecordResult> addUserRecord(
                String stream, String partitionKey, String explicitHashKey, ByteBuffer payload) {
            int length = payload.remaining();
            payload.get(copy, 0, length);
            records++;
            bytes += length;
            onUserRecord.run();
            return Futures.immediateFuture(acknowledged);
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    }

    /** Fills a journal in memory with the captures, each time at another time. */
    @Setup
    public void fillJournal() throws IOException {
        folder = new InMemoryFolder().createTempDirectory();
        Journal opened = Journal.open(journalSettings(), InstantSource.system(), new MetricRegistry());
        journal = opened;
        JournalAppender appender = opened.appender();
        appender.openSession(false, new byte[0], 1);
        List<byte[]> frames = capturedFrames();
        for (int round = 0; round < rounds; round++) {
            for (byte[] frame : frames) {
                if (!appender.append(EntryType.FRAME, at(frame, round), 1_700_000_000_000L + round)) {
                    opened.maintain(0, false);
                }
            }
        }
    }

    private JournalSettings journalSettings() {
        return new JournalSettings(
                folder,
                "local",
                RECORDS.feed(),
                "stream-finnhub",
                16 << 20,
                1 << 20,
                Long.MAX_VALUE,
                Long.MAX_VALUE,
                Duration.ofDays(1),
                Duration.ofSeconds(1));
    }

    private static List<byte[]> capturedFrames() throws IOException {
        ObjectMapper json = new ObjectMapper();
        List<byte[]> frames = new ArrayList<>();
        for (String capture : CAPTURES) {
            for (String line : Files.readAllLines(Path.of("conf/captures", capture))) {
                frames.add(json.readTree(line).get("frame").textValue().getBytes(StandardCharsets.UTF_8));
            }
        }
        return frames;
    }

    /** The frame with {@code round} written over four digits of each trade's seconds. */
    private ByteBuffer at(byte[] frame, int round) {
        byte[] digits = Integer.toString(1000 + round).getBytes(StandardCharsets.US_ASCII);
        ByteBuffer shifted = ByteBuffer.wrap(frame.clone());
        walker.walk(shifted, 0, frame.length);
        for (int i = 0; i < walker.tradeCount(); i++) {
            shifted.put(walker.trade(i).tradedAtOffset() + 2, digits);
        }
        return shifted;
    }

    /** Closes and deletes the journal. */
    @TearDown
    public void deleteJournal() throws IOException {
        Objects.requireNonNull(journal).close();
        try (Stream<Path> files = Files.list(folder)) {
            List<Path> all = files.toList();
            for (Path file : all) {
                Files.delete(file);
            }
        }
        Files.delete(folder);
    }

    /** Publishes the backlog; returns how many bytes the producer has taken so far. */
    @Benchmark
    @OperationsPerInvocation(TRADES)
    public long publish() {
        Journal open = Objects.requireNonNull(journal);
        // A step at each look, so that the putter does not wait for real while it primes its producer.
        Clocks clocks = new Clocks(InstantSource.system(), () -> nanos += 100_000_000, new SplittableRandom(7));
        metrics = new MetricRegistry();
        UserRecordPutter putter = new UserRecordPutter(kinesisSettings(), 0, () -> producer, clocks, () -> {}, metrics);
        new Publisher(
                        open.reader(0),
                        new Publisher.Range(0, open.endPosition()),
                        new RecordPacker(RECORDS, putter::put, metrics),
                        putter,
                        PublisherBenchmark::fail)
                .run();
        return producer.bytes;
    }

    private static void fail(Throwable cause) {
        throw new IllegalStateException("publisher failed", cause);
    }

    private KinesisSettings kinesisSettings() {
        return new KinesisSettings(
                "stream-finnhub",
                "us-east-1",
                null,
                null,
                true,
                32 << 20,
                20_000,
                1 << 30,
                Duration.ofMillis(100),
                Duration.ofMillis(100),
                Duration.ofSeconds(5),
                Duration.ofDays(1),
                folder);
    }

    /** Has something done at each user record, on the publisher's thread. */
    void watch(Runnable newOnUserRecord) {
        onUserRecord = newOnUserRecord;
    }

    /** User records that the producer has acknowledged. */
    long userRecords() {
        return producer.records;
    }

    /** Trades that the last run has packed so far. */
    long tradesPublished() {
        return metrics.counter("record.trades-published").getCount();
    }
}
