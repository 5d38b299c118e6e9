package io.tapestream.kinesis;

import com.codahale.metrics.MetricRegistry;
import io.tapestream.record.UserRecord;
import io.tapestream.record.UserRecords;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A putter with clocks and producers that the test moves and answers. */
final class PutterRig {
    static final long START_MILLIS = 1_700_000_000_000L;
    static final long START_POSITION = 1000;

    /** Longer than the wait after the first acknowledgement. */
    static final Duration SETTLED = Duration.ofMillis(250);

    final MetricRegistry registry = new MetricRegistry();
    final AtomicInteger wakeUps = new AtomicInteger();
    final List<FakeKinesisProducer> producers = new ArrayList<>();
    final Deque<Supplier<FakeKinesisProducer>> nextProducers = new ArrayDeque<>();
    final UserRecordPutter putter;
    private long nanos = 12_345;
    private long position = START_POSITION;

    PutterRig() {
        this(settings());
    }

    PutterRig(KinesisSettings settings) {
        Clocks clocks =
                new Clocks(() -> Instant.ofEpochMilli(START_MILLIS + nanos / 1_000_000), () -> nanos, new Random(7));
        putter =
                new UserRecordPutter(settings, START_POSITION, this::build, clocks, wakeUps::incrementAndGet, registry);
    }

    private Producer build() {
        Supplier<FakeKinesisProducer> next = nextProducers.poll();
        FakeKinesisProducer producer = next == null ? new FakeKinesisProducer() : next.get();
        producers.add(producer);
        return producer;
    }

    static KinesisSettings settings() {
        return settings(1 << 20, 100, 1 << 20);
    }

    static KinesisSettings settings(
            String stream, String region, @Nullable URI endpoint, @Nullable Path caFile, boolean verifyCertificate) {
        KinesisSettings usual = settings();
        return new KinesisSettings(
                stream,
                region,
                endpoint,
                caFile,
                verifyCertificate,
                usual.maxOutstandingBytes(),
                usual.maxOutstandingRecords(),
                usual.maxAheadBytes(),
                usual.bufferedTime(),
                usual.retryBackoffMin(),
                usual.retryBackoffMax(),
                usual.stallTimeout(),
                usual.tempDirectory());
    }

    static KinesisSettings settings(Duration stallTimeout) {
        return settings(stallTimeout, settings().tempDirectory());
    }

    static KinesisSettings settings(Duration stallTimeout, Path tempDirectory) {
        KinesisSettings usual = settings();
        return new KinesisSettings(
                usual.stream(),
                usual.region(),
                usual.endpoint(),
                usual.caFile(),
                usual.verifyCertificate(),
                usual.maxOutstandingBytes(),
                usual.maxOutstandingRecords(),
                usual.maxAheadBytes(),
                usual.bufferedTime(),
                usual.retryBackoffMin(),
                usual.retryBackoffMax(),
                stallTimeout,
                tempDirectory);
    }

    static KinesisSettings settings(long maxOutstandingBytes, int maxOutstandingRecords, long maxAheadBytes) {
        return new KinesisSettings(
                "stream-finnhub",
                "us-east-1",
                null,
                null,
                true,
                maxOutstandingBytes,
                maxOutstandingRecords,
                maxAheadBytes,
                Duration.ofMillis(100),
                Duration.ofMillis(100),
                Duration.ofSeconds(5),
                Duration.ofSeconds(60),
                Path.of("/tmp/kpl"));
    }

    /** The producer of now. */
    FakeKinesisProducer producer() {
        return producers.get(producers.size() - 1);
    }

    /** Builds the producer, and has it primed with a record of its own. */
    PutterRig primed() {
        putter.poll();
        putBatch("primer");
        producer().next().acknowledge();
        putter.poll();
        pass(SETTLED);
        putter.poll();
        return this;
    }

    /** Puts a batch of records with these texts and returns the position that it ends at. */
    long putBatch(String... texts) {
        for (String text : texts) {
            put(text);
        }
        return endBatch();
    }

    UserRecord put(String text) {
        UserRecord userRecord = UserRecords.of(text, 3, START_MILLIS);
        putter.put(userRecord);
        return userRecord;
    }

    long endBatch() {
        position += 100;
        putter.endBatch(position);
        return position;
    }

    void pass(Duration time) {
        nanos += time.toNanos();
    }

    /** Lets time pass until the putter's next own work, and has it done. */
    void passToNextWork() {
        long wait = putter.nanosToNextWork();
        if (wait == Long.MAX_VALUE) {
            throw new AssertionError("the putter waits for a result, not for time");
        }
        nanos += wait;
        putter.poll();
    }

    long count(String metric) {
        return registry.counter("kinesis." + metric).getCount();
    }

    Object gauge(String metric) {
        return Objects.requireNonNull(registry.getGauges().get("kinesis." + metric))
                .getValue();
    }
}
