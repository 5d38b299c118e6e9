package io.tapestream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.tapestream.feed.FakeVenue;
import io.tapestream.feed.FakeVenuePeer;
import io.tapestream.journal.EntryType;
import io.tapestream.journal.Journal;
import io.tapestream.journal.JournalReader;
import io.tapestream.kinesis.AcknowledgingEndpoint;
import io.tapestream.kinesis.KplProducers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The whole pipeline under a feed that does not stop, with the real KPL on its bad days. In the end every trade is
 * acknowledged; the venue sees one connection, answered all the time.
 */
class KplBadDaysIT {
    private static final ConditionFactory PATIENTLY = await().atMost(Duration.ofSeconds(90));

    private final Map<String, String> credentials =
            new TreeMap<>(Map.of("aws.accessKeyId", "test", "aws.secretAccessKey", "test"));

    @TempDir
    Path folder;

    /** A trade that came in an earlier session too would have the same id. */
    private final AtomicLong nextTradeAt = new AtomicLong(1_680_286_537_580L);

    private AcknowledgingEndpoint endpoint;
    private FakeVenue venue;
    private IngesterRig rig;
    private Ingester ingester;
    private FakeVenuePeer peer;
    private Thread market;

    @BeforeEach
    void start() throws IOException {
        credentials.forEach(System::setProperty);
        endpoint = AcknowledgingEndpoint.start(folder);
        venue = FakeVenue.start();
        rig = new IngesterRig(folder, venue);
        rig.producers = KplProducers::new;
        rig.properties.put("kinesis.endpoint", endpoint.uri().toString());
        rig.properties.put("kinesis.ca-file", endpoint.certificateFile().toString());
        rig.properties.put("kinesis.temp-directory", temp().toString());
        rig.properties.put("kinesis.stall-timeout", "12s");
        rig.properties.put("kinesis.retry-backoff-max", "500ms");
        rig.properties.put("run.stop-timeout", "60s");
        ingester = rig.start();
        peer = venue.awaitPeer();
        peer.awaitFrame(); // subscribes
        market = new Thread(this::sendTrades, "market");
        market.start();
        awaitAcknowledged();
    }

    @AfterEach
    void stop() throws InterruptedException {
        market.interrupt();
        market.join();
        ingester.stop("test");
        venue.close();
        endpoint.close();
        credentials.keySet().forEach(System::clearProperty);
        PATIENTLY.until(() -> daemons().isEmpty());
    }

    private void sendTrades() {
        try {
            while (true) {
                peer.sendText("{\"data\":[{\"p\":1.5,\"s\":\"AAPL\",\"t\":" + nextTradeAt.getAndIncrement()
                        + ",\"v\":1}],\"type\":\"trade\"}");
                Thread.sleep(10);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void aDaemonThatIsKilledAsSoonAsItComesIsBuiltAnew() {
        PATIENTLY.until(() -> {
            killDaemons();
            return count("kinesis.producers-given-up") > 0;
        });
        assertThat(count("kinesis.daemon-losses")).isPositive();
        assertRecovers();
        assertNoThreadOfADeadDaemonIsLeft();
    }

    @Test
    void aDaemonThatIsFrozenIsBuiltAnew() throws Exception {
        ProcessHandle frozen = daemons().iterator().next();
        freeze(frozen);
        assertTheFeedIsServed();
        PATIENTLY.until(() -> count("kinesis.stalls") > 0);
        assertRecovers();
        assertThat(frozen.isAlive()).isFalse();
    }

    @Test
    void aTemporaryDirectoryThatIsCleanedIsFilledAgain() throws Exception {
        deleteTree(temp());
        killDaemons();
        PATIENTLY.until(() -> count("kinesis.producers-given-up") > 0);
        assertRecovers();
        assertNoThreadOfADeadDaemonIsLeft();
    }

    @Test
    void whileNoneCanBeBuiltTheFeedIsJournalledAndTheHealthSaysWhy() throws Exception {
        deleteTree(temp());
        Files.createFile(temp());
        killDaemons();
        PATIENTLY.until(() -> reasons().equals(List.of("producer-missing")));
        assertThat(count("kinesis.failed-producer-builds")).isPositive();
        assertTheFeedIsServed();

        Files.delete(temp());
        assertRecovers();
    }

    @Test
    void whatHasExpiredIsPutAgain() {
        endpoint.delay("PutRecords", Duration.ofSeconds(30));
        assertTheFeedIsServed();
        PATIENTLY.until(() -> count("kinesis.expired") > 0);
        assertThat(count("kinesis.stalls")).isZero();
        endpoint.delay("PutRecords", Duration.ZERO);
        assertRecovers();
    }

    @Test
    void aStopWhileTheDaemonIsFrozenLeavesTheRestToTheNextStart() throws Exception {
        stopEarly();
        freeze(daemons().iterator().next());
        assertLeavesTheRest();
    }

    @Test
    void aStopWithoutADaemonLeavesTheRestToTheNextStart() throws Exception {
        stopEarly();
        deleteTree(temp());
        Files.createFile(temp());
        killDaemons();
        PATIENTLY.until(() -> count("kinesis.failed-producer-builds") > 0);
        assertLeavesTheRest();
    }

    @Test
    void aStopWhileTheEndpointSaysNothingLeavesTheRestToTheNextStart() throws Exception {
        stopEarly();
        endpoint.delay("PutRecords", Duration.ofSeconds(30));
        assertLeavesTheRest();
    }

    /** From now on a stop does not wait for what is not acknowledged. */
    private void stopEarly() throws InterruptedException {
        rig.properties.put("run.stop-timeout", "1s");
        assertThat(ingester.stop("test")).isTrue();
        market.interrupt();
        market.join();
        ingester = rig.start();
        peer = venue.awaitPeer();
        peer.awaitFrame();
        market = new Thread(this::sendTrades, "market");
        market.start();
        PATIENTLY.until(() -> count("kinesis.acknowledged-trades") > 0);
    }

    private void assertLeavesTheRest() throws Exception {
        long frames = count("feed.frames");
        PATIENTLY.until(() -> count("feed.frames") > frames + 100);
        assertThat(ingester.stop("test")).isFalse();
        assertThat(ingester.unacknowledgedBytes()).isPositive();
        PATIENTLY.until(() -> daemons().isEmpty());
        assertThat(published().containsAll(rig.journalledIds())).isFalse();

        if (Files.isRegularFile(temp())) {
            Files.delete(temp());
        }
        endpoint.delay("PutRecords", Duration.ZERO);
        rig.properties.put("run.stop-timeout", "60s");
        market.interrupt();
        market.join();
        ingester = rig.start();
        assertThat(ingester.stop("test")).isTrue();
        assertThat(published()).containsAll(rig.journalledIds());
    }

    private void assertTheFeedIsServed() {
        long frames = count("feed.frames");
        for (int ping = 0; ping < 20; ping++) {
            peer.sendHex("89026869");
            assertThat(peer.awaitFrame().opcode()).isEqualTo(0xA);
        }
        PATIENTLY.until(() -> count("feed.frames") > frames + 100);
    }

    private void assertRecovers() {
        assertTheFeedIsServed();
        awaitAcknowledged();
        PATIENTLY.until(() -> ingester.health().healthy());
        market.interrupt();
        try {
            market.join();
            assertThat(ingester.stop("test")).isTrue();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
        assertThat(published()).containsExactlyInAnyOrderElementsOf(Set.copyOf(rig.journalledIds()));
        assertThat(venue.connections()).isEqualTo(1);
        assertThat(sessions()).isEqualTo(1);
    }

    /** Waits until something is acknowledged that is received from now on. */
    private void awaitAcknowledged() {
        long received = count("record.trades-received");
        PATIENTLY.until(() -> count("kinesis.acknowledged-trades") > received);
    }

    private static void assertNoThreadOfADeadDaemonIsLeft() {
        PATIENTLY.untilAsserted(() -> assertThat(Thread.getAllStackTraces().values().stream()
                        .flatMap(Stream::of)
                        .filter(frame -> frame.getMethodName().equals("connectToChild")))
                .isEmpty());
    }

    private Set<String> published() {
        return endpoint.userRecords().stream()
                .flatMap(String::lines)
                .map(line -> line.substring(13, 35))
                .collect(Collectors.toSet());
    }

    private long sessions() {
        long sessions = 0;
        try (Journal journal = Journal.openReadOnly(rig.journal());
                JournalReader reader = journal.reader(journal.startPosition())) {
            while (reader.next()) {
                sessions += reader.type() == EntryType.SESSION_OPENED ? 1 : 0;
            }
        }
        return sessions;
    }

    private List<?> reasons() {
        return ingester.health().details().get("reasons") instanceof List<?> reasons ? reasons : List.of();
    }

    private long count(String metric) {
        return ingester.counts().of(metric);
    }

    private Path temp() {
        return folder.resolve("kpl");
    }

    private static void freeze(ProcessHandle process) throws Exception {
        assertThat(new ProcessBuilder("kill", "-STOP", Long.toString(process.pid()))
                        .start()
                        .waitFor())
                .isZero();
    }

    private static void killDaemons() {
        daemons().forEach(ProcessHandle::destroyForcibly);
    }

    private static Set<ProcessHandle> daemons() {
        return ProcessHandle.current()
                .children()
                .filter(child -> child.info().command().orElse("").contains("kinesis_producer"))
                .collect(Collectors.toSet());
    }

    private static void deleteTree(Path root) throws IOException {
        try (Stream<Path> paths = Files.walk(root)) {
            for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }
}
