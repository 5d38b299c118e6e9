package io.tapestream.kinesis;

import static org.assertj.core.api.Assertions.assertThat;

import com.codahale.metrics.MetricRegistry;
import io.tapestream.NettyLeaks;
import io.tapestream.ResourceCensus;
import io.tapestream.record.UserRecords;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;

/** The real KPL, given up and built anew a hundred times on its bad days, leaves what one leaves. */
@Timeout(300)
class ProducerRebuildsIT {
    private static final Duration STALL_TIMEOUT = Duration.ofSeconds(30);
    private static final long PATIENCE_NANOS = Duration.ofSeconds(60).toNanos();

    @TempDir
    Path folder;

    /** What the putter's clock is ahead of the real one: so nobody waits for a stall. */
    private final AtomicLong aheadNanos = new AtomicLong();

    private final MetricRegistry registry = new MetricRegistry();
    private AcknowledgingEndpoint endpoint;
    private UserRecordPutter putter;
    private int position;

    @BeforeEach
    void start() throws IOException {
        endpoint = AcknowledgingEndpoint.start(folder);
        KinesisSettings settings = new KinesisSettings(
                "stream-finnhub",
                "us-east-1",
                endpoint.uri(),
                endpoint.certificateFile(),
                true,
                32 << 20,
                20_000,
                1 << 30,
                Duration.ofMillis(100),
                Duration.ofMillis(1),
                Duration.ofMillis(1),
                STALL_TIMEOUT,
                folder.resolve("kpl"));
        Thread publisher = Thread.currentThread();
        putter = new UserRecordPutter(
                settings,
                0,
                new KplProducers(
                        settings,
                        StaticCredentialsProvider.create(AwsBasicCredentials.create("AKIDEXAMPLE", "secret"))),
                new Clocks(InstantSource.system(), () -> System.nanoTime() + aheadNanos.get(), new Random(1)),
                () -> LockSupport.unpark(publisher),
                registry);
    }

    @AfterEach
    void stop() {
        putter.close();
        endpoint.close();
    }

    @Test
    void aHundredRebuildsLeaveNothing() throws Exception {
        rebuild(10);
        ResourceCensus before = ResourceCensus.take(folder);
        rebuild(100);
        before.assertNothingIsAdded(folder);
        assertThat(NettyLeaks.take()).isEmpty();
        assertThat(registry.counter("kinesis.producers-given-up").getCount()).isEqualTo(110);
    }

    /** Has producers given up and built; the last one, as the one before the first, has acknowledged all it was given. */
    private void rebuild(int times) throws Exception {
        for (int turn = 1; turn <= times; turn++) {
            long built = registry.counter("kinesis.producer-builds").getCount();
            switch (turn % 3) {
                case 0 -> loseDaemon();
                case 1 -> freezeDaemon();
                default -> giveUpAtOnce();
            }
            while (registry.counter("kinesis.producer-builds").getCount() == built) {
                aheadNanos.addAndGet(STALL_TIMEOUT.toNanos());
                putter.poll();
            }
            if (turn % 10 == 0) {
                awaitAcknowledged();
            }
        }
        put();
        awaitAcknowledged();
    }

    /** The daemon dies, and all that it owed fails. */
    private void loseDaemon() {
        put();
        awaitDaemon().destroyForcibly();
        long losses = registry.counter("kinesis.daemon-losses").getCount();
        pollUntil(() -> registry.counter("kinesis.daemon-losses").getCount() > losses);
    }

    private void freezeDaemon() throws Exception {
        ProcessHandle daemon = awaitDaemon();
        assertThat(new ProcessBuilder("kill", "-STOP", Long.toString(daemon.pid())).start().waitFor()).isZero();
        put();
    }

    /** The daemon may not even have begun. */
    private void giveUpAtOnce() {
        put();
    }

    private void put() {
        putter.put(UserRecords.of("{\"trade\":" + ++position + "}", 3, System.currentTimeMillis()));
        putter.endBatch(position);
        putter.poll();
    }

    private void awaitAcknowledged() {
        pollUntil(() -> putter.outstandingRecords() == 0);
    }

    private ProcessHandle awaitDaemon() {
        pollUntil(() -> !daemons().isEmpty());
        return daemons().get(0);
    }

    private void pollUntil(BooleanSupplier done) {
        long begunNanos = System.nanoTime();
        while (!done.getAsBoolean()) {
            assertThat(System.nanoTime() - begunNanos).isLessThan(PATIENCE_NANOS);
            putter.poll();
            LockSupport.parkNanos(1_000_000);
        }
    }

    private static List<ProcessHandle> daemons() {
        return ProcessHandle.current()
                .children()
                .filter(child -> child.info().command().orElse("").contains("kinesis_producer"))
                .toList();
    }
}
