package io.tapestream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.tapestream.feed.FakeVenue;
import io.tapestream.feed.FakeVenuePeer;
import io.tapestream.journal.EntryType;
import io.tapestream.journal.Journal;
import io.tapestream.journal.JournalReader;
import io.tapestream.kinesis.FakeKinesisProducer;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.regex.Pattern;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The journal at its bound: what the venue, the operator and the stream see from the first byte too many to the last.
 */
@Timeout(60)
class JournalBoundTest {
    // Acknowledged are batches of 256 KiB at once; several lie between the bound and its half.
    private static final long BOUND = 2 << 20;
    private static final String REJECTED =
            "{\"data\":[{\"p\":0,\"s\":\"AAPL\",\"t\":1680286537580,\"v\":1}],\"type\":\"trade\"}";

    @TempDir
    Path folder;

    private FakeVenue venue;
    private IngesterRig rig;
    private FakeKinesisProducer kinesis = new FakeKinesisProducer();

    @SuppressWarnings("NullAway.Init")
    private Ingester ingester;

    @BeforeEach
    void startVenue() {
        venue = FakeVenue.start();
        rig = new IngesterRig(folder, venue);
        rig.properties.put("journal.max-bytes", "2 MiB");
        rig.properties.put("journal.sync-interval", "100ms");
    }

    @AfterEach
    void stop() throws InterruptedException {
        ingester.stop("test");
        venue.close();
    }

    /** Starts an ingester whose records are acknowledged one by one, as the test says. */
    private void start(String stopTimeout) {
        rig.properties.put("run.stop-timeout", stopTimeout);
        kinesis = new FakeKinesisProducer();
        rig.producer = kinesis;
        ingester = rig.start();
    }

    @Test
    void isAGapWithAReasonAndLosesNothingThatWasReceived() throws Exception {
        start("10s");
        FakeVenuePeer first = venue.awaitPeer();
        List<String> sent = sendUntilFull(first);

        first.awaitEnd();
        assertThat(ingester.health().healthy()).isFalse();
        assertThat(ingester.health().state()).isEqualTo("degraded");
        assertThat(ingester.health().details())
                .extractingByKey("reasons", InstanceOfAssertFactories.LIST)
                .contains("journal-full");
        await().untilAsserted(() -> assertThat(ingester.health().details()).containsEntry("feed", "closed"));
        assertThat(ingester.unacknowledgedBytes()).isGreaterThanOrEqualTo(BOUND);
        List<String> received = journalledFrames();
        assertThat(received)
                .as("all that the venue sent before it answered the close frame")
                .isEqualTo(sent.subList(0, received.size()));

        acknowledgeDownTo(BOUND / 16 * 15);
        awaitALookOfTheKeeper();
        assertThat(isFull()).isTrue();
        assertThat(venue.connections()).isOne();
        acknowledgeDownTo(BOUND / 2);
        FakeVenuePeer second = venue.awaitPeer();
        assertThat(ingester.unacknowledgedBytes()).isLessThan(BOUND / 2);
        await().untilAsserted(() -> assertThat(ingester.health().healthy()).isTrue());
        assertThat(ingester.health().details()).containsEntry("reasons", List.of());
        List<String> after = IngesterRig.captured("finnhub-aapl-20230331.ndjson");
        after.forEach(second::sendText);
        await().untilAsserted(() ->
                assertThat(ingester.counts().of("feed.frames")).isEqualTo(received.size() + after.size()));
        acknowledgeAll();
        assertThat(ingester.stop("test")).isTrue();

        Counts counts = ingester.counts();
        assertThat(counts.of("journal.full-closes")).isOne();
        assertThat(counts.of("record.redelivered-trades")).isPositive();
        assertThat(counts.sumOf("record.rejected-trades.")).isPositive();
        assertThat(counts.of("record.trades-received"))
                .isEqualTo(counts.of("record.trades-published")
                        + counts.of("record.redelivered-trades")
                        + counts.sumOf("record.rejected-trades."));
        List<String> published = IngesterRig.ids(kinesis);
        assertThat(published).hasSameSizeAs(rig.journalledIds());
        assertThat(new HashSet<>(published)).hasSameSizeAs(published).isEqualTo(new HashSet<>(rig.journalledIds()));
        assertThat(venue.connections()).isEqualTo(2);
        List<String> gaps = gaps();
        assertThat(gaps).hasSize(2);
        assertThat(gaps.get(0))
                .contains("\"reason\":\"journal-full\"", "\"symbols\":[\"AAPL\"]")
                .doesNotContain("\"to\":null");
        assertThat(gaps.get(1)).contains("\"reason\":\"test\"", "\"to\":null");
    }

    @Test
    void aStartThatFindsItFullReceivesNothingBeforeHalfIsAcknowledged() throws Exception {
        rig.properties.put("journal.max-bytes", "256 KiB");
        start("0s");
        sendUntilFull(venue.awaitPeer());
        assertThat(ingester.stop("test")).isFalse();
        assertThat(venue.connections()).isOne();

        start("10s");
        assertThat(ingester.health().details())
                .containsEntry("journal_full", true)
                .containsEntry("feed", "closed");
        acknowledgeDownTo(128 * 1024);
        assertThat(venue.awaitPeer()).isNotNull();
        await().untilAsserted(
                        () -> assertThat(ingester.counts().of("feed.sessions")).isOne());
        acknowledgeAll();
        assertThat(ingester.stop("test")).isTrue();
        assertThat(new HashSet<>(IngesterRig.ids(kinesis))).isEqualTo(new HashSet<>(rig.journalledIds()));
    }

    /** Sends trades, some twice and some that cannot be right, until the ingester is full; returns what was sent. */
    private List<String> sendUntilFull(FakeVenuePeer peer) {
        List<String> crypto = IngesterRig.captured("crypto-in-finnhub-shape.ndjson");
        List<String> sent = new ArrayList<>();
        for (int i = 0; i % 16 > 0 || !isFull(); i++) {
            String frame = later(crypto.get(i % crypto.size()), i / crypto.size());
            for (String message : i % 9 == 0 ? List.of(frame, frame, REJECTED) : List.of(frame)) {
                sent.add(message);
                send(peer, message);
            }
        }
        return sent;
    }

    private void send(FakeVenuePeer peer, String message) {
        try {
            peer.sendText(message);
        } catch (UncheckedIOException e) {
            await().until(this::isFull); // the ingester's close frame has been answered
        }
    }

    /** A frame of another hour, so that it is no second delivery. */
    private static String later(String frame, int hours) {
        return Pattern.compile("\"t\":(\\d+)")
                .matcher(frame)
                .replaceAll(time -> "\"t\":" + (Long.parseLong(time.group(1)) + hours * 3_600_000L));
    }

    private boolean isFull() {
        return Boolean.TRUE.equals(ingester.health().details().get("journal_full"));
    }

    private void acknowledgeDownTo(long bytes) {
        while (ingester.unacknowledgedBytes() >= bytes) {
            acknowledgeNext();
        }
    }

    /** After the first checkpoint comes the look, after the look the second. */
    private void awaitALookOfTheKeeper() {
        for (int i = 0; i < 2; i++) {
            long checkpoint = ingester.counts().of("journal.checkpoint");
            long unacknowledged = ingester.unacknowledgedBytes();
            while (ingester.unacknowledgedBytes() == unacknowledged) {
                acknowledgeNext();
            }
            await().untilAsserted(() ->
                    assertThat(ingester.counts().of("journal.checkpoint")).isGreaterThan(checkpoint));
        }
        assertThat(ingester.unacknowledgedBytes()).isGreaterThanOrEqualTo(BOUND / 2);
    }

    private void acknowledgeAll() {
        acknowledgeDownTo(1);
    }

    /** Acknowledges a record, and waits until the publisher has taken note of it. */
    private void acknowledgeNext() {
        long acknowledged = ingester.counts().of("kinesis.acknowledged-trades");
        try {
            kinesis.next().acknowledge();
        } catch (NoSuchElementException e) {
            Thread.onSpinWait(); // the publisher has not put the next one yet
            return;
        }
        while (ingester.counts().of("kinesis.acknowledged-trades") == acknowledged) {
            Thread.onSpinWait();
        }
    }

    private List<String> journalledFrames() {
        List<String> frames = new ArrayList<>();
        try (Journal journal = Journal.openReadOnly(rig.journal());
                JournalReader reader = journal.reader(0)) {
            while (reader.next()) {
                if (reader.type() == EntryType.FRAME) {
                    byte[] bytes = new byte[reader.frame().length()];
                    reader.frame().buffer().get(reader.frame().offset(), bytes);
                    frames.add(new String(bytes, StandardCharsets.UTF_8));
                }
            }
        }
        return frames;
    }

    private List<String> gaps() {
        CommandRun run = CommandRun.of(
                "journal",
                "gaps",
                "--json",
                "--env",
                "test",
                "--conf",
                folder.toString(),
                "-D",
                "journal.directory=" + rig.journal());
        assertThat(run.code()).as(run.err()).isZero();
        return run.out().lines().toList();
    }
}
