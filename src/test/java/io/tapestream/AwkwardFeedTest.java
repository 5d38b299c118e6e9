package io.tapestream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.common.util.concurrent.ListenableFuture;
import io.tapestream.feed.FakeVenue;
import io.tapestream.feed.FakeVenuePeer;
import io.tapestream.kinesis.FakeKinesisProducer;
import io.tapestream.kinesis.Producer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.kinesis.producer.UserRecordResult;

/**
 * From the venue to the stream where a venue, or the stream, is awkward: long messages, odd symbols, a sink that
 * blocks.
 */
class AwkwardFeedTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final List<String> AAPL = IngesterRig.captured("finnhub-aapl-20230331.ndjson");
    private static final int AAPL_TRADES = 61;
    private static final byte[] PING = {(byte) 0x89, 2, 'k', '1'};

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
        assertThat(venue.mostOpen()).isLessThanOrEqualTo(1);
        venue.close();
    }

    private FakeVenuePeer awaitSession() {
        FakeVenuePeer peer = venue.awaitPeer();
        assertThat(peer.awaitFrame().opcode()).isEqualTo(1);
        return peer;
    }

    private static void awaitCount(Ingester ingester, String metric, long count) {
        await().untilAsserted(() -> assertThat(ingester.counts().of(metric)).isEqualTo(count));
    }

    @Test
    void aMessageOfAThousandTradesIsPublishedWholeUpToTheLimitAndNotAtAllBeyondIt() throws Exception {
        int trades = 1200;
        String message = messageOf(trades, 1);
        int limit = message.length() + 1;
        assertThat(limit).isGreaterThan(64 << 10);
        rig.properties.put("journal.segment-length", "1 MiB");
        rig.properties.put("feed.max-message-length", Integer.toString(limit));
        Ingester ingester = rig.start();

        FakeVenuePeer peer = awaitSession();
        peer.sendText(message);
        peer.sendText(padded(messageOf(trades, 2), limit));
        awaitCount(ingester, "kinesis.acknowledged-trades", 2L * trades);
        peer.sendText(padded(messageOf(trades, 3), limit + 1));
        assertThat(peer.awaitFrame().closeCode()).isEqualTo(1009);
        awaitSession().sendText(messageOf(1, 4));
        awaitCount(ingester, "kinesis.acknowledged-trades", 2L * trades + 1);

        assertThat(ingester.stop("test")).isTrue();
        assertThat(ingester.counts().of("feed.too-long-messages")).isOne();
        assertThat(IngesterRig.ids(producer)).hasSize(2 * trades + 1).doesNotHaveDuplicates();
        assertThat(IngesterRig.trades(producer))
                .noneMatch(trade -> trade.get("price").intValue() == 3);
    }

    private static String messageOf(int trades, int price) {
        StringBuilder data = new StringBuilder();
        for (int i = 0; i < trades; i++) {
            data.append(i == 0 ? "" : ",")
                    .append("{\"c\":[\"1\",\"12\"],\"p\":" + price + ",\"s\":\"AAPL\",\"t\":" + (1680286537580L + i)
                            + ",\"v\":1}");
        }
        return "{\"data\":[" + data + "],\"type\":\"trade\"}";
    }

    /** The same message, longer by spaces. */
    private static String padded(String message, int length) {
        return message + " ".repeat(length - message.length());
    }

    @Test
    void theLimitOfAMessageIsFarAboveWhatAVenueSends() {
        int longest = AAPL.stream().mapToInt(String::length).max().orElseThrow();
        rig.properties.remove("feed.max-message-length");
        rig.properties.remove("journal.segment-length");
        assertThat(rig.settings().feed().maxMessageLength())
                .isGreaterThan(64 << 10)
                .isGreaterThan(100 * longest);
    }

    @Test
    void aSymbolIsWhatTheVenueSpellsHoweverItIsEscaped() throws Exception {
        List<String> raw = List.of(
                "IC MARKETS:1", "BINANCE:币安人生USDT", "OANDA:EUR_USD", "BTC/USD", "A", "aapl", "AAPL", "BRK\\\"B");
        List<String> escaped = raw.stream().map(AwkwardFeedTest::escaped).toList();
        Ingester ingester = rig.start(); // subscribes AAPL and nothing else
        FakeVenuePeer first = awaitSession();
        raw.forEach(symbol -> first.sendText(tradeOf(symbol)));
        awaitCount(ingester, "feed.frames", raw.size());
        first.sendClose(1001, "");
        FakeVenuePeer second = awaitSession();
        escaped.forEach(symbol -> second.sendText(tradeOf(symbol)));
        awaitCount(ingester, "feed.frames", 2L * raw.size());
        assertThat(ingester.stop("test")).isTrue();

        assertThat(IngesterRig.ids(producer)).hasSize(2 * raw.size());
        assertThat(new HashSet<>(IngesterRig.ids(producer))).hasSize(raw.size());
        Map<String, Set<String>> partitionKeys = partitionKeysBySymbol();
        assertThat(partitionKeys.keySet())
                .containsExactlyInAnyOrderElementsOf(
                        raw.stream().map(symbol -> symbol.replace("\\", "")).toList());
        assertThat(partitionKeys.values()).allSatisfy(keys -> assertThat(keys).hasSize(1));
    }

    private Map<String, Set<String>> partitionKeysBySymbol() {
        Map<String, Set<String>> keys = new HashMap<>();
        for (FakeKinesisProducer.Given given : producer.given()) {
            given.text()
                    .lines()
                    .map(line -> json(line).get("symbol").textValue())
                    .forEach(symbol ->
                            keys.computeIfAbsent(symbol, any -> new HashSet<>()).add(given.partitionKey()));
        }
        return keys;
    }

    private static String escaped(String rawInJson) {
        StringBuilder text = new StringBuilder();
        rawInJson.replace("\\", "").chars().forEach(c -> text.append(String.format("\\u%04x", c)));
        return text.toString();
    }

    private static String tradeOf(String symbolInJson) {
        return "{\"data\":[{\"c\":null,\"p\":1.5,\"s\":\"" + symbolInJson
                + "\",\"t\":1768655932976,\"v\":3}],\"type\":\"trade\"}";
    }

    @Test
    void errorsOfTheVenueCostNoTradeAndNoConnection() throws Exception {
        Ingester ingester = rig.start();
        FakeVenuePeer peer = awaitSession();
        List<String> errors = List.of(
                payload("error_too_many_symbols"),
                payload("error_invalid_symbol"),
                "{\"type\":\"error\"}",
                "{\"type\":\"error\",\"msg\":\"\"}");
        for (int i = 0; i < AAPL.size(); i++) {
            peer.sendText(errors.get(i % errors.size()));
            peer.sendText(AAPL.get(i));
        }
        awaitCount(ingester, "kinesis.acknowledged-trades", AAPL_TRADES);
        assertThat(ingester.stop("test")).isTrue();

        assertThat(ingester.counts().of("feed.errors")).isEqualTo(AAPL.size());
        assertThat(ingester.counts().of("record.messages.error")).isEqualTo(AAPL.size());
        assertThat(ingester.counts().of("record.broken-messages")).isZero();
        assertThat(IngesterRig.ids(producer)).hasSize(AAPL_TRADES);
        assertThat(venue.connections()).isOne();
    }

    private static String payload(String name) throws IOException {
        try (var in = AwkwardFeedTest.class.getResourceAsStream("/payloads/" + name + ".json")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8).strip();
        }
    }

    @Test
    void aMessageThatAnEndCutsOffIsNotPublished() throws Exception {
        Ingester ingester = rig.start();
        byte[] whole = AAPL.get(0).getBytes(StandardCharsets.UTF_8);
        FakeVenuePeer inFragments = awaitSession();
        inFragments.sendRaw(FakeVenuePeer.frame(0x01, Arrays.copyOf(whole, 300)));
        inFragments.sendClose(1001, "restart");
        FakeVenuePeer inOneFrame = awaitSession();
        inOneFrame.sendRaw(Arrays.copyOf(FakeVenuePeer.frame(0x81, whole), 300));
        inOneFrame.close();
        awaitSession().sendText(AAPL.get(1));
        awaitCount(ingester, "feed.frames", 1);
        assertThat(ingester.stop("test")).isTrue();

        assertThat(ingester.counts().of("record.broken-messages")).isZero();
        assertThat(ingester.counts().of("record.trades-received")).isEqualTo(8);
    }

    /** A producer whose every call waits until it is let go. */
    private static final class BlockingProducer implements Producer {
        private final FakeKinesisProducer behind = FakeKinesisProducer.acknowledging();
        private final CountDownLatch asked = new CountDownLatch(1);
        private final CountDownLatch free = new CountDownLatch(1);

        @Override
        public ListenableFuture<UserRecordResult> addUserRecord(
                String stream, String partitionKey, String explicitHashKey, ByteBuffer payload) {
            asked.countDown();
            try {
                free.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            return behind.addUserRecord(stream, partitionKey, explicitHashKey, payload);
        }

        @Override
        public void flush() {
            behind.flush();
        }

        @Override
        public void close() {
            behind.close();
        }
    }

    @Test
    void whileTheSinkBlocksPingsAreAnsweredAndTheJournalTakesWhatComes() throws Exception {
        BlockingProducer blocking = new BlockingProducer();
        rig.producer = blocking;
        Ingester ingester = rig.start();
        FakeVenuePeer peer = awaitSession();
        peer.sendText(AAPL.get(0));
        blocking.asked.await();

        List<String> sent = new ArrayList<>(AAPL);
        sent.addAll(IngesterRig.captured("crypto-in-finnhub-shape.ndjson"));
        for (String message : sent.subList(1, sent.size())) {
            peer.sendText(message);
        }
        peer.sendRaw(PING);
        assertThat(peer.awaitFrame()).isEqualTo(new FakeVenuePeer.Received(10, true, "k1"));
        awaitCount(ingester, "feed.frames", sent.size());
        assertThat(blocking.behind.given()).isEmpty();
        blocking.free.countDown();

        assertThat(ingester.stop("test")).isTrue();
        assertThat(ingester.counts().of("record.redelivered-frames")).isZero();
        assertThat(told(blocking.behind)).containsExactlyInAnyOrderElementsOf(said(sent));
    }

    @Test
    void whatIsPutAgainAfterAWhileIsStillWhatTheVenueSaid() throws Exception {
        FakeKinesisProducer late = new FakeKinesisProducer();
        rig.producer = late;
        Ingester ingester = rig.start();
        Thread answering = new Thread(() -> refuseSomeAndAcknowledgeLate(late), "late-answers");
        answering.setDaemon(true);
        answering.start();
        FakeVenuePeer peer = awaitSession();
        List<String> sent = new ArrayList<>(AAPL);
        sent.addAll(IngesterRig.captured("crypto-in-finnhub-shape.ndjson").subList(0, 200));
        sent.forEach(peer::sendText);
        awaitCount(ingester, "feed.frames", sent.size());
        assertThat(ingester.stop("test")).isTrue();
        answering.interrupt();

        assertThat(ingester.counts().of("kinesis.retries")).isPositive();
        Set<String> distinct = new HashSet<>(late.texts());
        FakeKinesisProducer once = FakeKinesisProducer.acknowledging();
        for (String text : distinct) {
            once.addUserRecord("", "", "", ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
        }
        assertThat(told(once)).containsExactlyInAnyOrderElementsOf(said(sent));
    }

    private static void refuseSomeAndAcknowledgeLate(FakeKinesisProducer late) {
        SplittableRandom random = new SplittableRandom(3);
        while (!Thread.currentThread().isInterrupted()) {
            LockSupport.parkNanos(random.nextInt(2_000_000));
            try {
                if (random.nextInt(3) == 0) {
                    late.next().refuse("ProvisionedThroughputExceededException");
                } else {
                    late.next().acknowledge();
                }
            } catch (NoSuchElementException e) {
                Thread.onSpinWait(); // nothing to answer
            }
        }
    }

    /** What messages say, a text for each trade. */
    private static List<String> said(List<String> messages) {
        List<String> trades = new ArrayList<>();
        for (String message : messages) {
            for (JsonNode trade : json(message).path("data")) {
                JsonNode conditions = trade.path("c");
                trades.add(text(trade.get("s"), trade.get("p"), trade.get("v"), trade.get("t"))
                        + (conditions.isEmpty() ? "" : conditions));
            }
        }
        return trades;
    }

    /** What a producer was given, likewise. */
    private static List<String> told(FakeKinesisProducer producer) {
        return IngesterRig.trades(producer).stream()
                .map(trade -> text(trade.get("symbol"), trade.get("price"), trade.get("volume"), trade.get("traded_at"))
                        + (trade.has("conditions") ? trade.get("conditions") : ""))
                .toList();
    }

    private static String text(JsonNode symbol, JsonNode price, JsonNode volume, JsonNode tradedAt) {
        return symbol.textValue() + " "
                + price.decimalValue().stripTrailingZeros().toPlainString() + " "
                + volume.decimalValue().stripTrailingZeros().toPlainString() + " " + tradedAt.longValue();
    }

    private static JsonNode json(String text) {
        try {
            return JSON.readTree(text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
