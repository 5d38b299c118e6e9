package io.tapestream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.tapestream.feed.CapturedLogs;
import io.tapestream.feed.FakeVenue;
import io.tapestream.feed.FakeVenuePeer;
import io.tapestream.journal.EntryType;
import io.tapestream.journal.Journal;
import io.tapestream.journal.JournalReader;
import io.tapestream.kinesis.FakeKinesisProducer;
import io.tapestream.kinesis.StallingKinesisProducer;
import io.tapestream.kinesis.StreamCheck;
import io.tapestream.record.RecordSettings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The story of the system: what a venue sends is in the journal, and once in the stream, whatever happens between. */
class PipelineTest {
    private static final List<String> AAPL = IngesterRig.captured("finnhub-aapl-20230331.ndjson");
    private static final int AAPL_TRADES = 61;

    @TempDir
    Path folder;

    private FakeVenue venue;
    private IngesterRig rig;
    private FakeKinesisProducer producer;

    @BeforeEach
    void startVenue() {
        venue = FakeVenue.start();
        rig = new IngesterRig(folder, venue);
        producer = FakeKinesisProducer.acknowledging();
        rig.producer = producer;
    }

    @AfterEach
    void stopVenue() {
        venue.close();
    }

    @Test
    void everyTradeReceivedIsPublishedOnceAndTheAccountsBalance() throws Exception {
        Ingester ingester = rig.start();
        FakeVenuePeer peer = venue.awaitPeer();
        assertThat(peer.awaitFrame().text()).isEqualTo("{\"type\":\"subscribe\",\"symbol\":\"AAPL\"}");
        peer.sendText("{\"type\":\"ping\"}");
        send(peer, AAPL);
        peer.sendText("{\"data\":[{\"p\":0,\"s\":\"AAPL\",\"t\":1680286537580,\"v\":1}],\"type\":\"trade\"}");
        peer.sendText(
                "{\"data\":[{\"p\":1.5,\"s\":\"OANDA:EUR_USD\",\"t\":1680286537580,\"v\":0}],\"type\":\"trade\"}");
        peer.sendText("{\"data\":[");
        awaitFrames(ingester, AAPL.size() + 4);

        assertThat(ingester.stop("test")).isTrue();

        assertThat(new HashSet<>(IngesterRig.ids(producer))).hasSize(AAPL_TRADES + 1);
        assertThat(IngesterRig.ids(producer)).hasSize(AAPL_TRADES + 1);
        Counts counts = ingester.counts();
        assertThat(counts.of("record.trades-received")).isEqualTo(AAPL_TRADES + 2);
        assertThat(counts.of("record.trades-published")).isEqualTo(AAPL_TRADES + 1);
        assertThat(counts.of("record.quotes-received")).isEqualTo(1);
        assertThat(counts.sumOf("record.rejected-trades.")).isEqualTo(1);
        assertThat(counts.of("record.rejected-trades.price")).isEqualTo(1);
        assertThat(counts.of("record.broken-messages")).isEqualTo(1);
        assertThat(counts.of("kinesis.acknowledged-trades")).isEqualTo(AAPL_TRADES + 1);
        assertThat(ingester.unacknowledgedBytes()).isZero();
    }

    @Test
    void aFrameDeliveredAgainIsJournalledAndNotPublished() throws Exception {
        Ingester ingester = receive(twice(AAPL));

        assertThat(IngesterRig.ids(producer)).hasSize(AAPL_TRADES).doesNotHaveDuplicates();
        assertThat(ingester.counts().of("record.redelivered-frames")).isEqualTo(AAPL.size());
        assertThat(ingester.counts().of("record.redelivered-trades")).isEqualTo(AAPL_TRADES);
        assertThat(journalled(EntryType.FRAME)).isEqualTo(2 * AAPL.size());
    }

    @Test
    void framesDeliveredAgainAreFurtherTradesWhereTheyAreKept() throws Exception {
        rig.properties.put("feed.redelivered-frames", "keep");
        receive(twice(AAPL));

        assertThat(IngesterRig.ids(producer)).hasSize(2 * AAPL_TRADES).doesNotHaveDuplicates();
    }

    @Test
    void overlappingSessionsMeetInTheSameIdsHoweverTheirFramesAreCut() throws Exception {
        Ingester ingester = rig.start();
        FakeVenuePeer first = venue.awaitPeer();
        send(first, AAPL);
        awaitFrames(ingester, AAPL.size());
        first.sendClose(1001, "server restart");
        FakeVenuePeer second = venue.awaitPeer();
        send(second, List.of(joined(AAPL.subList(0, 3)), joined(AAPL.subList(3, 8))));
        awaitFrames(ingester, AAPL.size() + 2);
        ingester.stop("test");

        assertThat(IngesterRig.ids(producer)).hasSize(2 * AAPL_TRADES);
        assertThat(new HashSet<>(IngesterRig.ids(producer))).hasSize(AAPL_TRADES);
        assertThat(journalled(EntryType.SESSION_OPENED)).isEqualTo(2);
        assertThat(journalled(EntryType.SESSION_CLOSED)).isEqualTo(2);
    }

    @Test
    void whatWasNotAcknowledgedIsPublishedAtTheNextStartWithTheSameIds() throws Exception {
        rig.properties.put("run.stop-timeout", "0s");
        StallingKinesisProducer stalling = new StallingKinesisProducer();
        rig.producer = stalling;
        Ingester stalled = rig.start();
        send(venue.awaitPeer(), AAPL);
        awaitFrames(stalled, AAPL.size());
        await().untilAsserted(() -> assertThat(stalling.given()).isNotEmpty());
        assertThat(stalled.stop("test")).isFalse();
        assertThat(stalled.unacknowledgedBytes()).isPositive();

        rig.properties.put("run.stop-timeout", "10s");
        rig.producer = producer;
        Ingester next = rig.start();
        assertThat(next.stop("test")).isTrue();

        assertThat(IngesterRig.ids(producer)).hasSize(AAPL_TRADES).doesNotHaveDuplicates();
        assertThat(IngesterRig.ids(producer)).containsAll(IngesterRig.ids(stalling));
        assertThat(next.unacknowledgedBytes()).isZero();
    }

    @Test
    void whatWasAcknowledgedIsNotPublishedAgain() throws Exception {
        receive(AAPL);
        receive(List.of(AAPL.get(0)));

        assertThat(IngesterRig.ids(producer)).hasSize(AAPL_TRADES + 10);
        assertThat(new HashSet<>(IngesterRig.ids(producer))).hasSize(AAPL_TRADES);
    }

    @Test
    void idsAreTheSameWhereverReadingBegins() throws Exception {
        Ingester ingester = rig.start();
        FakeVenuePeer peer = venue.awaitPeer();
        List<String> crypto = IngesterRig.captured("crypto-in-finnhub-shape.ndjson");
        List<String> sent = new ArrayList<>();
        for (int round = 0; round < 3; round++) {
            sent.addAll(crypto);
            sent.addAll(AAPL);
        }
        send(peer, sent);
        awaitFrames(ingester, sent.size());
        ingester.stop("test");

        RecordSettings settings = rig.settings().record();
        NavigableMap<Long, List<String>> live = rig.idsByPosition(settings, 0);
        try (Journal journal = Journal.openReadOnly(rig.journal())) {
            assertThat(journal.endPosition() / (64 * 1024)).as("segments").isGreaterThan(4);
        }
        assertThat(live).hasSize(sent.size());
        for (long from : live.keySet()) {
            assertThat(rig.idsByPosition(settings, from)).as("from=%d", from).isEqualTo(live.tailMap(from, true));
        }
        assertThat(new HashSet<>(IngesterRig.ids(producer)))
                .isEqualTo(new HashSet<>(
                        live.values().stream().flatMap(List::stream).toList()));
    }

    @Test
    void aRangePublishedAgainGivesTheSameIds() throws Exception {
        receive(AAPL);

        FakeKinesisProducer again = FakeKinesisProducer.acknowledging();
        rig.producer = again;
        rig.replay(null, null);
        FakeKinesisProducer part = FakeKinesisProducer.acknowledging();
        rig.producer = part;
        Map<Long, List<String>> ids = rig.idsByPosition(rig.settings().record(), 0);
        List<Long> positions = ids.keySet().stream().sorted().toList();
        rig.replay(Long.toString(positions.get(3)), Long.toString(positions.get(5)));

        assertThat(IngesterRig.ids(again)).containsExactlyInAnyOrderElementsOf(IngesterRig.ids(producer));
        assertThat(IngesterRig.ids(part))
                .hasSize(19)
                .containsExactlyInAnyOrderElementsOf(positions.subList(3, 5).stream()
                        .flatMap(position -> ids.getOrDefault(position, List.of()).stream())
                        .toList());
    }

    @Test
    void anUnreachableStreamIsNoObstacleOnceThereIsAJournal() throws Exception {
        rig.streamAnswer = StreamCheck.Answer.UNREACHABLE;
        assertThatThrownBy(rig::start)
                .isInstanceOf(CannotStartException.class)
                .hasMessageContaining("kinesis cannot be reached and the journal is empty: stream=stream-finnhub");

        rig.streamAnswer = StreamCheck.Answer.READY;
        receive(AAPL);

        rig.streamAnswer = StreamCheck.Answer.UNREACHABLE;
        Ingester second = rig.start();
        assertThat(venue.awaitPeer()).isNotNull();
        assertThat(second.stop("test")).isTrue();
    }

    @Test
    void aSecondIngesterOnTheSameJournalOrKeyIsRefusedByName() throws Exception {
        Ingester first = rig.start();
        venue.awaitPeer();
        String pid = Long.toString(ProcessHandle.current().pid());

        assertThatThrownBy(rig::start).isInstanceOf(CannotStartException.class).hasMessageContaining(pid);

        rig.properties.put("journal.directory", folder.resolve("other").toString());
        assertThatThrownBy(rig::start).isInstanceOf(CannotStartException.class).hasMessageContaining(pid);

        assertThat(venue.mostOpen()).isEqualTo(1);
        assertThat(first.stop("test")).isTrue();
    }

    @Test
    void whatTheDiskRefusesAtTheStopIsASentence() throws Exception {
        Ingester ingester = rig.start();
        venue.awaitPeer();
        Path spare;
        try (var segments = Files.newDirectoryStream(rig.settings().journal().directory(), "*.jrn")) {
            spare = Collections.max(
                    StreamSupport.stream(segments.spliterator(), false).toList());
        }
        Files.delete(spare);
        Files.createDirectories(spare.resolve("in the way"));

        try (CapturedLogs logs = CapturedLogs.open()) {
            ingester.stop("test");

            assertThat(logs.lines("WARN"))
                    .singleElement()
                    .asString()
                    .contains("stage not closed cleanly cause=prepared segment cannot be deleted: path=" + spare)
                    .doesNotContain("\tat ");
        }
    }

    @Test
    void outsideItsHoursTheFeedHasNoConnection() throws Exception {
        AtomicReference<Instant> now = new AtomicReference<>(Instant.parse("2026-11-25T08:59:00Z"));
        rig.clock = now::get;
        rig.properties.put("feed.hours", "[\"UTC Mon-Fri 09:00-17:00\"]");
        Ingester ingester = rig.start();
        assertThat(ingester.health().details()).containsEntry("feed", "closed").containsEntry("outside_hours", true);
        assertThat(ingester.health().healthy()).isTrue();
        assertThat(ingester.counts().of("kinesis.producer-builds")).isZero();

        now.set(Instant.parse("2026-11-25T09:00:00Z"));
        send(venue.awaitPeer(), AAPL);
        awaitFrames(ingester, AAPL.size());
        now.set(Instant.parse("2026-11-25T17:00:00Z"));
        await().untilAsserted(() -> assertThat(ingester.isOutsideHours()).isTrue());
        await().untilAsserted(() -> assertThat(ingester.health().details()).containsEntry("feed", "closed"));
        await().untilAsserted(() -> assertThat(producer.isClosed()).isTrue());

        assertThat(ingester.counts().of("kinesis.producer-builds")).isOne();
        assertThat(ingester.stop("test")).isTrue();
        assertThat(closeReasons()).containsExactly("outside-hours");
        assertThat(IngesterRig.ids(producer)).hasSize(AAPL_TRADES);
        assertThat(venue.mostOpen()).isEqualTo(1);
    }

    @Test
    void aVenueThatOnlyPingsIsAliveAndHowLongNoTradeHasComeIsTold() throws Exception {
        AtomicReference<Instant> now = new AtomicReference<>(Instant.parse("2026-11-25T09:00:00Z"));
        rig.clock = now::get;
        Ingester ingester = rig.start();
        FakeVenuePeer peer = venue.awaitPeer();
        now.set(Instant.parse("2026-11-25T09:01:00Z"));
        assertThat(ingester.counts().of("record.seconds-since-trades")).isEqualTo(60L);
        send(peer, AAPL.subList(0, 1));
        await().untilAsserted(() ->
                assertThat(ingester.counts().of("record.seconds-since-trades")).isEqualTo(0L));
        now.set(Instant.parse("2026-11-25T09:11:00Z"));
        peer.sendText("{\"type\":\"ping\"}");
        await().untilAsserted(() ->
                assertThat(ingester.counts().of("record.messages.ping")).isOne());
        assertThat(ingester.counts().of("record.seconds-since-trades")).isEqualTo(600L);
        assertThat(ingester.counts().of("feed.seconds-since-frame")).isEqualTo(0L);
        assertThat(ingester.stop("test")).isTrue();
        assertThat(venue.connections()).isOne();
    }

    @Test
    void theLineOfATradeIsWhatTheVenueSaid() throws Exception {
        receive(AAPL);

        JsonNode first = IngesterRig.trades(producer).get(0);
        assertThat(first.get("symbol").textValue()).isEqualTo("AAPL");
        assertThat(first.get("asset_class").textValue()).isEqualTo("stock");
        assertThat(first.get("price").decimalValue()).isEqualByComparingTo("164.0601");
        assertThat(first.get("volume").intValue()).isEqualTo(5);
        assertThat(first.get("traded_at").longValue()).isEqualTo(1680286537580L);
        assertThat(first.get("conditions").get(1).textValue()).isEqualTo("12");
        assertThat(first.has("kind")).isFalse();
    }

    @Test
    void theReadmeShowsALineAsItIs() throws Exception {
        receive(AAPL);

        String shown = Files.readAllLines(Path.of("README.md")).stream()
                .filter(line -> line.startsWith("{\"trade_id\""))
                .findFirst()
                .orElseThrow();
        String line = producer.texts().get(0).lines().findFirst().orElseThrow();
        String anyTime = "\"received_at\":[0-9]+";
        assertThat(line.replaceAll(anyTime, "")).isEqualTo(shown.replaceAll(anyTime, ""));
    }

    /** Runs an ingester that receives these messages in one session, and stops it in order. */
    private Ingester receive(List<String> messages) throws InterruptedException {
        Ingester ingester = rig.start();
        send(venue.awaitPeer(), messages);
        awaitFrames(ingester, messages.size());
        ingester.stop("test");
        return ingester;
    }

    private static List<String> twice(List<String> messages) {
        List<String> twice = new ArrayList<>(messages);
        twice.addAll(messages);
        return twice;
    }

    private static void send(FakeVenuePeer peer, List<String> messages) {
        messages.forEach(peer::sendText);
    }

    private static String joined(List<String> frames) {
        StringBuilder trades = new StringBuilder();
        for (String frame : frames) {
            trades.append(trades.isEmpty() ? "" : ",")
                    .append(frame, "{\"data\":[".length(), frame.lastIndexOf("],\"type\""));
        }
        return "{\"data\":[" + trades + "],\"type\":\"trade\"}";
    }

    private static void awaitFrames(Ingester ingester, int frames) {
        await().untilAsserted(
                        () -> assertThat(ingester.counts().of("feed.frames")).isEqualTo(frames));
    }

    private int journalled(EntryType type) {
        return entries(type).size();
    }

    private List<String> closeReasons() {
        return entries(EntryType.SESSION_CLOSED);
    }

    private List<String> entries(EntryType type) {
        List<String> payloads = new ArrayList<>();
        try (Journal journal = Journal.openReadOnly(rig.journal());
                JournalReader reader = journal.reader(journal.startPosition())) {
            while (reader.next()) {
                if (reader.type() == type) {
                    byte[] bytes = new byte[reader.frame().length()];
                    reader.frame().buffer().get(reader.frame().offset(), bytes);
                    payloads.add(new String(bytes, java.nio.charset.StandardCharsets.UTF_8));
                }
            }
        }
        return payloads;
    }
}
