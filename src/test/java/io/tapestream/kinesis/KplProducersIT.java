package io.tapestream.kinesis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.codahale.metrics.MetricRegistry;
import io.tapestream.record.UserRecords;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;

/** The putter with the real KPL and its daemon, against an endpoint of the test. */
class KplProducersIT {
    private static final int BACKLOG = 5000;

    @TempDir
    Path folder;

    private MetricRegistry registry;
    private AcknowledgingEndpoint endpoint;
    private UserRecordPutter putter;

    @BeforeEach
    void start() throws IOException {
        endpoint = AcknowledgingEndpoint.start(folder);
        start(Duration.ofSeconds(30));
    }

    private void start(Duration stallTimeout) {
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
                Duration.ofMillis(100),
                Duration.ofSeconds(2),
                stallTimeout,
                folder.resolve("kpl"));
        registry = new MetricRegistry();
        Thread publisher = Thread.currentThread();
        putter = new UserRecordPutter(
                settings,
                0,
                new KplProducers(
                        settings,
                        StaticCredentialsProvider.create(AwsBasicCredentials.create("AKIDEXAMPLE", "secret"))),
                new Clocks(InstantSource.system(), System::nanoTime, new Random(1)),
                () -> LockSupport.unpark(publisher),
                registry);
    }

    @AfterEach
    void stop() {
        putter.close();
        endpoint.close();
        await().atMost(Duration.ofSeconds(10)).until(() -> daemons().isEmpty());
    }

    @Test
    void aBacklogArrivesAggregatedButForTheRecordThatPrimes() {
        putBacklog();
        awaitAcknowledged();

        assertThat(endpoint.userRecords()).containsExactlyInAnyOrderElementsOf(backlog());
        long single = endpoint.records().stream().filter(r -> !r.isAggregated()).count();
        assertThat(single).isLessThanOrEqualTo(BACKLOG / 100);
    }

    /** What the ingester's policy in the template allows; no metric that may be denied looks like a loss. */
    @Test
    void nothingIsCalledThatTheIngestersPolicyDoesNotAllow() {
        putBacklog();
        awaitAcknowledged();

        assertThat(endpoint.operations())
                .contains("PutRecords", "ListShards")
                .isSubsetOf("PutRecords", "ListShards", "DescribeStreamSummary");
    }

    @Test
    void everyRecordArrivesThoughTheDaemonIsKilledAgainAndAgain() {
        endpoint.delay(Duration.ofMillis(20));
        int put = 0;
        int kills = 0;
        for (String line : backlog()) {
            while (putter.outstandingRecords() >= BACKLOG / 10) {
                pollOrPark();
            }
            put(line, ++put);
            if (kills < 3 && putter.acknowledgedPosition() > (kills + 1L) * BACKLOG / 5) {
                daemons().forEach(ProcessHandle::destroyForcibly);
                kills++;
            }
        }
        awaitAcknowledged();

        assertThat(kills).isEqualTo(3);
        assertThat(endpoint.userRecords()).containsAll(backlog());
        assertThat(putter.acknowledgedPosition()).isEqualTo(BACKLOG);
    }

    @Test
    void aTemporaryDirectoryThatWasCleanedIsFilledAgain() throws IOException {
        put("before\n", 1);
        awaitAcknowledged();
        deleteTree(folder.resolve("kpl"));
        daemons().forEach(ProcessHandle::destroyForcibly);

        put("after\n", 2);
        awaitAcknowledged();

        assertThat(endpoint.userRecords()).contains("before\n", "after\n");
        assertThat(registry.counter("kinesis.producer-builds").getCount()).isEqualTo(2);
    }

    private static void deleteTree(Path root) throws IOException {
        try (Stream<Path> paths = Files.walk(root)) {
            for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }

    @Test
    void aFrozenDaemonIsReplacedAndEnded() throws IOException {
        start(Duration.ofSeconds(8));
        put("before\n", 1);
        awaitAcknowledged();
        ProcessHandle frozen = daemons().get(0);
        new ProcessBuilder("kill", "-STOP", Long.toString(frozen.pid())).start();

        put("after\n", 2);
        awaitAcknowledged();

        assertThat(endpoint.userRecords()).contains("before\n", "after\n");
        assertThat(registry.counter("kinesis.stalls").getCount()).isEqualTo(1);
        await().atMost(Duration.ofSeconds(10)).until(() -> !frozen.isAlive());
    }

    @Test
    void whatIsThrottledArrivesOnceAndWhatWasTakenIsNotPutAgain() {
        AtomicInteger count = new AtomicInteger();
        endpoint.refuse(r -> count.incrementAndGet() % 3 == 2 ? "ProvisionedThroughputExceededException" : null);
        putBacklog();
        awaitAcknowledged();

        assertThat(endpoint.userRecords()).containsExactlyInAnyOrderElementsOf(backlog());
        assertThat(registry.counter("kinesis.throttled").getCount()).isPositive();
    }

    @Test
    void whatLandsOnAnotherShardThanPredictedIsPutUntilItIsWhereItShouldBe() {
        put("first\n", 1);
        awaitAcknowledged();
        endpoint.claim("shardId-000000000007");
        put("second\n", 2);
        while (endpoint.userRecords().size() < 2) {
            pollOrPark();
        }
        endpoint.claim(null);
        awaitAcknowledged();

        assertThat(Set.copyOf(endpoint.userRecords())).containsExactlyInAnyOrder("first\n", "second\n");
        assertThat(putter.acknowledgedPosition()).isEqualTo(2);
    }

    @Test
    void anEndpointInTroubleShowsAsFailuresAndNotAsAStall() {
        start(Duration.ofSeconds(16));
        endpoint.answer("PutRecords", AcknowledgingEndpoint.Answer.error(500, "InternalFailure"));
        put("patient\n", 1);
        while (registry.counter("kinesis.expired").getCount() == 0) {
            pollOrPark();
        }
        endpoint.answerItself("PutRecords");
        awaitAcknowledged();

        assertThat(endpoint.userRecords()).containsExactly("patient\n");
        assertThat(registry.counter("kinesis.internal-failure").getCount()).isPositive();
        assertThat(registry.counter("kinesis.stalls").getCount()).isZero();
    }

    private void putBacklog() {
        int position = 0;
        for (String line : backlog()) {
            put(line, ++position);
        }
    }

    private void put(String line, int position) {
        putter.put(UserRecords.of(line.strip(), position % 32, System.currentTimeMillis()));
        putter.endBatch(position);
    }

    private static List<String> backlog() {
        return IntStream.range(0, BACKLOG)
                .mapToObj(i -> "{\"trade\":" + i + "}\n")
                .toList();
    }

    private void awaitAcknowledged() {
        long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        while (putter.outstandingRecords() > 0 && System.nanoTime() < deadline) {
            pollOrPark();
        }
        assertThat(putter.outstandingRecords()).isZero();
    }

    private void pollOrPark() {
        if (putter.poll() == 0) {
            LockSupport.parkNanos(Math.min(putter.nanosToNextWork(), 100_000_000));
        }
    }

    private static List<ProcessHandle> daemons() {
        return ProcessHandle.current()
                .children()
                .filter(child -> child.info().command().orElse("").contains("kinesis_producer"))
                .toList();
    }
}
