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
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
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

/**
 * The real KPL, given up and built anew many times on its bad days, leaves what one leaves: no thread, pipe, file,
 * daemon or buffer more. Several putters share the work, since most of it is waiting for an end.
 */
@Timeout(600)
class ProducerRebuildsIT {
    private static final int PUTTERS = 4;

    /** Each takes about a second of a processor; scripts/test.sh asks for fewer. */
    private static final int REBUILDS = Integer.getInteger("rebuilds", 100);

    private static final Duration STALL_TIMEOUT = Duration.ofSeconds(30);
    private static final long PATIENCE_NANOS = Duration.ofSeconds(60).toNanos();

    @TempDir
    Path folder;

    private final ExecutorService publishers = Executors.newFixedThreadPool(PUTTERS);
    private final List<Rebuilt> putters = new ArrayList<>();
    private AcknowledgingEndpoint endpoint;

    @BeforeEach
    void start() throws IOException {
        endpoint = AcknowledgingEndpoint.start(folder);
        for (int number = 0; number < PUTTERS; number++) {
            putters.add(new Rebuilt(endpoint, folder.resolve("kpl-" + number)));
        }
    }

    @AfterEach
    void stop() {
        putters.forEach(Rebuilt::close);
        publishers.shutdownNow();
        endpoint.close();
    }

    @Test
    void rebuildsLeaveNothing() throws Exception {
        rebuild(3);
        ResourceCensus before = ResourceCensus.take(folder);
        long builtBefore = built();
        rebuild(REBUILDS / PUTTERS);
        // The KPL does not close the lock files under which it unpacks its daemon.
        before.assertNothingIsKept(endpoint.uri().getPort(), folder);
        assertThat(NettyLeaks.take()).isEmpty();
        assertThat(built() - builtBefore).isGreaterThanOrEqualTo(REBUILDS);
    }

    private void rebuild(int timesEach) throws Exception {
        List<Future<?>> rebuilding = new ArrayList<>();
        for (Rebuilt putter : putters) {
            rebuilding.add(publishers.submit(() -> putter.rebuild(timesEach)));
        }
        for (Future<?> each : rebuilding) {
            each.get();
        }
    }

    private long built() {
        return putters.stream().mapToLong(Rebuilt::built).sum();
    }

    /** A putter, its producer and the producer's bad days; confined to one publisher at a time. */
    private static final class Rebuilt implements AutoCloseable {
        private final Path temp;
        private final MetricRegistry registry = new MetricRegistry();
        private final UserRecordPutter putter;

        /** How far the putter's clock is ahead of the real one: so nobody waits for a stall. */
        private final AtomicLong aheadNanos = new AtomicLong();

        private int position;

        Rebuilt(AcknowledgingEndpoint endpoint, Path temp) {
            this.temp = temp;
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
                    temp);
            putter = new UserRecordPutter(
                    settings,
                    0,
                    new KplProducers(
                            settings,
                            StaticCredentialsProvider.create(AwsBasicCredentials.create("AKIDEXAMPLE", "secret"))),
                    new Clocks(InstantSource.system(), () -> System.nanoTime() + aheadNanos.get(), new Random(1)),
                    () -> {}, // it polls
                    registry);
        }

        long built() {
            return count("producer-builds");
        }

        private long count(String metric) {
            return registry.counter("kinesis." + metric).getCount();
        }

        /** Has its producer given up and built; the last one has acknowledged everything. */
        Void rebuild(int times) throws Exception {
            for (int turn = 0; turn < times; turn++) {
                put();
                switch (turn % 3) {
                    case 0 -> awaitDaemon().destroyForcibly();
                    case 1 -> freezeDaemon();
                    default -> {} // it may not even have begun
                }
                giveUp();
            }
            pollUntil(() -> putter.outstandingRecords() == 0);
            return null;
        }

        /** Lets the time pass after which a producer that has not answered is given up. */
        private void giveUp() {
            long builtBefore = built();
            pollUntil(() -> {
                put();
                aheadNanos.addAndGet(STALL_TIMEOUT.toNanos());
                putter.poll();
                return built() > builtBefore;
            });
        }

        private void freezeDaemon() throws Exception {
            String pid = Long.toString(awaitDaemon().pid());
            assertThat(new ProcessBuilder("kill", "-STOP", pid).start().waitFor())
                    .isZero();
        }

        private ProcessHandle awaitDaemon() {
            pollUntil(() -> !daemons().isEmpty());
            return daemons().get(0);
        }

        private List<ProcessHandle> daemons() {
            return ProcessHandle.current()
                    .children()
                    .filter(child -> child.info().command().orElse("").startsWith(temp.toString()))
                    .toList();
        }

        private void put() {
            position++;
            putter.put(UserRecords.of("{\"trade\":" + position + "}", 3, System.currentTimeMillis()));
            putter.endBatch(position);
        }

        private void pollUntil(BooleanSupplier isDone) {
            long begunNanos = System.nanoTime();
            while (!isDone.getAsBoolean()) {
                assertThat(System.nanoTime() - begunNanos).isLessThan(PATIENCE_NANOS);
                putter.poll();
                LockSupport.parkNanos(1_000_000);
            }
        }

        @Override
        public void close() {
            putter.close();
        }
    }
}
