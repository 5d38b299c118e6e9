package io.tapestream.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.netty.handler.codec.http.websocketx.ContinuationWebSocketFrame;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.handler.ssl.SslContext;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class MarketServerTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final byte[] PING = "{\"type\":\"ping\"}".getBytes(StandardCharsets.UTF_8);

    @TempDir
    Path folder;

    @Test
    void servesAllCapturedFramesButPingsByteForByteToAClientThatSubscribedEverySymbol() {
        MarketBuilder builder = new MarketBuilder(MarketBuilder.AAPL, MarketBuilder.CRYPTO);
        builder.startDelay = Duration.ofMillis(300);
        List<byte[]> captured = MarketBuilder.framesOf(MarketBuilder.AAPL, MarketBuilder.CRYPTO).stream()
                .filter(bytes -> !Arrays.equals(bytes, PING))
                .toList();
        try (MarketServer market = builder.build();
                MarketClient client = MarketClient.connect(market.start(), "k")) {
            client.subscribe(MarketBuilder.symbolsOf(MarketBuilder.AAPL, MarketBuilder.CRYPTO));

            await().until(() -> client.frames().size() >= captured.size());
            assertThat(client.frames()).containsExactlyElementsOf(captured);
            assertThat(market.counts().framesSent()).isEqualTo(captured.size());
            assertThat(market.counts().tradesSent()).isEqualTo(61 + 1226);
        }
    }

    @Test
    void sendsOnlyTheTradesOfSubscribedSymbolsAndNothingOfOtherFrames() {
        Path capture = MarketBuilder.capture(
                folder.resolve("c"),
                "{\"data\":[{\"p\":1,\"s\":\"A\",\"t\":1700000000000,\"v\":1},{\"s\":\"B\",\"p\":2,\"t\":1700000000001,"
                        + "\"v\":2},{ \"s\":\"A\",\"p\":3.0,\"t\":1700000000002,\"v\":3}],\"type\":\"trade\"}",
                "{\"data\":[{\"p\":1,\"s\":\"B\",\"t\":1700000000000,\"v\":1}],\"type\":\"trade\"}",
                "{\"data\":[{\"p\":9,\"s\":\"A\",\"t\":1700000000000,\"v\":1}],\"type\":\"trade\"}");
        try (MarketServer market = new MarketBuilder(capture).build();
                MarketClient client = MarketClient.connect(market.start(), "k")) {
            client.subscribe("A");

            await().until(() -> client.frames().size() >= 2);
            assertThat(client.texts())
                    .containsExactly(
                            "{\"data\":[{\"p\":1,\"s\":\"A\",\"t\":1700000000000,\"v\":1},{ \"s\":\"A\",\"p\":3.0,"
                                    + "\"t\":1700000000002,\"v\":3}],\"type\":\"trade\"}",
                            "{\"data\":[{\"p\":9,\"s\":\"A\",\"t\":1700000000000,\"v\":1}],\"type\":\"trade\"}");
            await().until(() -> market.ended().isDone());
            assertThat(market.counts().framesMissed()).isEqualTo(1);
        }
    }

    @Test
    void logsWhatItSentInACleanRun() throws Exception {
        MarketBuilder builder = new MarketBuilder(MarketBuilder.AAPL);
        builder.log = folder.resolve("market.ndjson");
        builder.pingInterval = Duration.ofMillis(5);
        MarketServer market = builder.build();
        try (MarketClient client = MarketClient.connect(market.start(), "SECRETTOKEN123")) {
            client.subscribe("AAPL").say("nonsense");
            await().until(() -> client.frames().size() >= 12);
            market.close();

            assertThat(client.closeCode()).isEqualTo(1001);
            List<String> logged = new ArrayList<>();
            List<String> events = new ArrayList<>();
            for (String line : Files.readAllLines(builder.log)) {
                assertThat(line).doesNotContain("SECRETTOKEN123");
                JsonNode entry = JSON.readTree(line);
                assertThat(entry.path("connection").asInt()).isEqualTo(1);
                (entry.has("frame") ? logged : events)
                        .add(entry.path(entry.has("frame") ? "frame" : "event").asText());
            }
            assertThat(logged).isEqualTo(client.texts());
            assertThat(events).containsExactly("opened", "closed");
            assertThat(logged).contains("{\"type\":\"ping\"}", "{\"msg\":\"Invalid message\",\"type\":\"error\"}");
        }
    }

    @Test
    void dropsBothConnectionsOfOneKey() {
        try (MarketServer market = new MarketBuilder(MarketBuilder.AAPL).build()) {
            URI uri = market.start();
            try (MarketClient other = MarketClient.connect(uri, "other");
                    MarketClient first = MarketClient.connect(uri, "k")) {
                assertThat(other.status()).isEqualTo(101);
                assertThat(first.status()).isEqualTo(101);
                try (MarketClient second = MarketClient.connect(uri, "k")) {
                    assertThat(second.closeCode()).isZero();
                    assertThat(first.closeCode()).isZero();
                }
                assertThat(other.isOpen()).isTrue();
                assertThat(market.counts().mostSocketsPerKey()).isEqualTo(2);
                try (MarketClient third = MarketClient.connect(uri, "k")) {
                    assertThat(third.status()).isEqualTo(101);
                }
                assertThat(market.counts().connectionsOpened()).isEqualTo(4);
            }
        }
    }

    @Test
    void refusesSymbolsBeyondTheLimitAndTakesOthersForThoseGivenUp() {
        MarketBuilder builder = new MarketBuilder(MarketBuilder.AAPL);
        builder.symbolLimit = 2;
        builder.startDelay = Duration.ofMinutes(1);
        String refusal = "{\"msg\":\"Subscribing to too many symbols\",\"type\":\"error\"}";
        try (MarketServer market = builder.build();
                MarketClient client = MarketClient.connect(market.start(), "k")) {
            client.subscribe("A", "B", "B", "C");
            await().until(() -> client.texts().equals(List.of(refusal)));
            client.unsubscribe("A").subscribe("C", "D");
            await().until(() -> client.texts().equals(List.of(refusal, refusal)));
        }
    }

    @Test
    void admitsOnlyHandshakesAtItsPathWithAKeyThatIsAllowed() {
        MarketBuilder builder = new MarketBuilder(MarketBuilder.AAPL);
        builder.keys = Set.of("a+b/c=d&e", "k");
        builder.maxConnections = 2;
        try (MarketServer market = builder.build()) {
            URI uri = market.start();
            assertThat(statusOf(uri)).isEqualTo(401);
            assertThat(statusOf(uri.resolve("/?token="))).isEqualTo(401);
            assertThat(statusOf(uri.resolve("/?token=wrong"))).isEqualTo(401);
            assertThat(statusOf(uri.resolve("/elsewhere?token=k"))).isEqualTo(404);
            try (MarketClient first = MarketClient.connect(uri, "k");
                    MarketClient second = MarketClient.connect(uri, "a%2Bb%2Fc%3Dd%26e")) {
                assertThat(first.status()).isEqualTo(101);
                assertThat(second.status()).isEqualTo(101);
                assertThat(statusOf(uri.resolve("/?token=k"))).isEqualTo(503);
            }
            assertThat(market.counts().connectionsRefused()).isEqualTo(5);
        }
    }

    private static int statusOf(URI uri) {
        try (MarketClient client = MarketClient.connect(uri, (SslContext) null)) {
            return client.status();
        }
    }

    @Test
    void loopsWithLaterTimesThatAreNewInEachRound() throws Exception {
        MarketBuilder builder = new MarketBuilder(MarketBuilder.AAPL, MarketBuilder.AAPL);
        builder.loop = true;
        try (MarketServer market = builder.build();
                MarketClient client = MarketClient.connect(market.start(), "k")) {
            client.subscribe("AAPL");
            await().until(() -> client.frames().size() >= 48);

            List<String> texts = client.texts().subList(0, 48);
            List<String> captured = MarketBuilder.framesOf(MarketBuilder.AAPL).stream()
                    .map(bytes -> new String(bytes, StandardCharsets.UTF_8))
                    .toList();
            assertThat(texts.subList(0, 8)).isEqualTo(captured);
            assertThat(texts.subList(8, 16)).isEqualTo(captured);
            long latest = 0;
            for (int round = 0; round < 3; round++) {
                List<String> first = texts.subList(16 * round, 16 * round + 8);
                assertThat(texts.subList(16 * round + 8, 16 * round + 16)).isEqualTo(first);
                assertThat(first)
                        .map(String::length)
                        .isEqualTo(captured.stream().map(String::length).toList());
                List<Long> times = timesOf(first);
                assertThat(times).hasSize(61).allMatch(t -> Long.toString(t).length() == 13);
                assertThat(times.stream().mapToLong(t -> t).min().orElseThrow()).isGreaterThan(latest);
                latest = times.stream().mapToLong(t -> t).max().orElseThrow();
            }
        }
    }

    private static List<Long> timesOf(List<String> frames) throws Exception {
        List<Long> times = new ArrayList<>();
        for (String frame : frames) {
            JSON.readTree(frame)
                    .path("data")
                    .forEach(trade -> times.add(trade.path("t").asLong()));
        }
        return times;
    }

    @Test
    void waitsForAClientThatDoesNotReadAndLosesNothing() {
        MarketBuilder builder = new MarketBuilder(MarketBuilder.CRYPTO);
        builder.loop = true;
        try (MarketServer market = builder.build();
                MarketClient client = MarketClient.connect(market.start(), "k")) {
            client.status();
            client.reads(false);
            client.subscribe(MarketBuilder.symbolsOf(MarketBuilder.CRYPTO));
            await().until(() -> market.counts().backPressureWaits() > 0);
            long sent = market.counts().framesSent();
            client.reads(true);
            await().until(() -> client.frames().size() > sent + 1000);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "subscribe",
                "{\"type\":\"subscribe\",\"symbol\":\"A\"",
                "{\"type\":\"subscribe\",\"symbol\":\"A\"} {}",
                "{\"type\":\"subscribe\"}",
                "{\"type\":\"subscribe\",\"symbol\":\"\"}",
                "{\"type\":\"subscribe\",\"symbol\":7}",
                "{\"type\":\"subscribe\",\"symbol\":[\"A\"]}",
                "{\"type\":\"other\",\"symbol\":\"A\"}",
                "{\"symbol\":\"A\"}",
                "[]",
                "null",
            })
    void answersAMessageThatItDoesNotUnderstandWithAnErrorAndGoesOn(String message) {
        try (MarketServer market = new MarketBuilder(MarketBuilder.AAPL).build();
                MarketClient client = MarketClient.connect(market.start(), "k")) {
            client.say(message).subscribe("aapl");
            await().until(() -> client.frames().size() >= 9);
            assertThat(client.texts().get(0)).isEqualTo("{\"msg\":\"Invalid message\",\"type\":\"error\"}");
            assertThat(market.counts().tradesSent()).isEqualTo(61);
        }
    }

    @Test
    void closesAConnectionWhoseMessageIsTooLong() {
        try (MarketServer market = new MarketBuilder(MarketBuilder.AAPL).build()) {
            URI uri = market.start();
            try (MarketClient client = MarketClient.connect(uri, "frame")) {
                client.say("x".repeat((64 << 10) + 1));
                assertThat(client.closeCode()).isEqualTo(1009);
            }
            try (MarketClient client = MarketClient.connect(uri, "fragments")) {
                client.sayFrame(new TextWebSocketFrame(false, 0, "x".repeat(40_000)))
                        .sayFrame(new ContinuationWebSocketFrame(true, 0, "x".repeat(40_000)));
                assertThat(client.closeCode()).isEqualTo(1009);
            }
        }
    }

    @Test
    void playsAtARateThatIsCountedInTradesSent() {
        MarketBuilder builder = new MarketBuilder(MarketBuilder.CRYPTO);
        builder.loop = true;
        builder.speed = Speed.rate(2000);
        builder.symbolLimit = 50;
        try (MarketServer market = builder.build();
                MarketClient client = MarketClient.connect(market.start(), "k")) {
            long startNanos = System.nanoTime();
            client.subscribe(Arrays.copyOf(MarketBuilder.symbolsOf(MarketBuilder.CRYPTO), 50));
            await().until(() -> market.counts().tradesSent() >= 2000);
            // Never faster than the rate, whatever the machine does; at most 50 ms and one frame ahead of it.
            long most = 2000 * (System.nanoTime() - startNanos) / 1_000_000_000 + 100 + 20;
            assertThat(market.counts().tradesSent()).isLessThanOrEqualTo(most);
        }
    }

    @Test
    void goesOnPlayingWhileAClientIsAway() {
        MarketBuilder builder = new MarketBuilder(MarketBuilder.CRYPTO);
        builder.loop = true;
        builder.speed = Speed.rate(5000);
        String[] symbols = MarketBuilder.symbolsOf(MarketBuilder.CRYPTO);
        try (MarketServer market = builder.build()) {
            URI uri = market.start();
            try (MarketClient client = MarketClient.connect(uri, "k")) {
                client.subscribe(symbols);
                await().until(() -> client.frames().size() >= 10);
            }
            await().until(() -> market.counts().framesMissed() >= 10);
            try (MarketClient client = MarketClient.connect(uri, "k")) {
                client.subscribe(symbols);
                await().until(() -> client.frames().size() >= 10);
            }
            assertThat(market.counts().mostSocketsPerKey()).isEqualTo(1);
        }
    }

    @Test
    void saysWhichPortIsTaken() {
        MarketBuilder builder = new MarketBuilder(MarketBuilder.AAPL);
        try (MarketServer first = builder.build()) {
            first.start();
            builder.port = first.port();
            try (MarketServer second = builder.build()) {
                assertThatThrownBy(second::start)
                        .isInstanceOf(UncheckedIOException.class)
                        .hasMessageContaining("cannot listen: host=127.0.0.1 port=" + first.port() + " (must be free)");
            }
        }
    }

    @Test
    void tellsWhoWaitsForTheEndThatACaptureIsBroken() throws Exception {
        Path broken = Files.writeString(folder.resolve("broken.ndjson"), "{\"received_at\":1}\n");
        try (MarketServer market = new MarketBuilder(broken).build();
                MarketClient client = MarketClient.connect(market.start(), "k")) {
            client.subscribe("AAPL");
            assertThatThrownBy(() -> market.ended().get(20, TimeUnit.SECONDS))
                    .hasCauseInstanceOf(CaptureException.class)
                    .hasMessageContaining("file=" + broken + " line=1 (must have frame or frame_base64)");
        }
    }

    @Test
    void closesAlsoWhileAClientDoesNotAnswerAndTwice() {
        MarketBuilder builder = new MarketBuilder(MarketBuilder.CRYPTO);
        builder.loop = true;
        MarketServer market = builder.build();
        try (MarketClient client = MarketClient.connect(market.start(), "k")) {
            client.status();
            client.reads(false);
            client.subscribe(MarketBuilder.symbolsOf(MarketBuilder.CRYPTO));
            await().until(() -> market.counts().backPressureWaits() > 0);
            market.close();
            market.close();
            assertThat(market.ended()).isNotDone();
        }
    }
}
