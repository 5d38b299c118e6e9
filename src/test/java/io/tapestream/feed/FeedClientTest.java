package io.tapestream.feed;

import static io.tapestream.feed.WireFrames.payload;
import static io.tapestream.feed.WireFrames.wire;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.zip.Deflater;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class FeedClientTest {
    private final FakeVenue venue = FakeVenue.start();
    private final FeedRig rig = FeedRig.of(venue);

    @AfterEach
    void stop() {
        rig.close();
        assertThat(venue.mostOpen()).isLessThanOrEqualTo(1);
        venue.close();
    }

    private FakeVenuePeer awaitSession() {
        FakeVenuePeer peer = venue.awaitPeer();
        rig.awaitSession();
        assertThat(peer.awaitFrame().text()).isEqualTo("{\"type\":\"subscribe\",\"symbol\":\"AAPL\"}");
        return peer;
    }

    @Test
    void opensSubscribesHandsOnAndCloses() {
        FeedClient client = rig.open();
        FakeVenuePeer peer = venue.awaitPeer().leavingCloseUnanswered();
        rig.awaitSession();
        assertThat(peer.awaitFrame())
                .isEqualTo(new FakeVenuePeer.Received(1, true, "{\"type\":\"subscribe\",\"symbol\":\"AAPL\"}"));
        peer.sendText("one");
        peer.sendText("two");
        assertThat(rig.awaitEvent()).isEqualTo("frame one");
        assertThat(rig.awaitEvent()).isEqualTo("frame two");
        assertThat(client.state()).isEqualTo(FeedClient.State.OPEN);
        Thread answering = new Thread(() -> {
            assertThat(peer.awaitFrame().closeCode()).isEqualTo(1000);
            peer.sendText("three");
            peer.sendClose(1000, "");
        });
        answering.start();
        client.close("stopped");
        assertThat(rig.events).containsExactly("frame three", "closed: stopped");
        assertThat(client.state()).isEqualTo(FeedClient.State.CLOSED);
        peer.awaitEnd();
        assertThat(rig.count("frames")).isEqualTo(3);
        assertThat(rig.count("payload-bytes")).isEqualTo(11);
        assertThat(rig.count("sessions")).isOne();
    }

    @Test
    void closesThoughTheVenueDoesNotAnswerAndOpensAgain() {
        FeedClient client = rig.open();
        FakeVenuePeer peer = awaitSession().leavingCloseUnanswered();
        client.close("journal-full");
        assertThat(rig.awaitEvent()).isEqualTo("closed: journal-full");
        peer.awaitEnd();
        client.close("again");
        assertThat(rig.events).isEmpty();
        client.open();
        awaitSession();
    }

    @Test
    void opensAgainOnlyWhenTheOldSocketIsClosed() throws InterruptedException {
        FeedClient client = rig.open();
        FakeVenuePeer peer = awaitSession().leavingCloseUnanswered();
        Thread closing = new Thread(() -> client.close("journal-full"));
        closing.start();
        assertThat(peer.awaitFrame().opcode()).isEqualTo(8);
        client.open();
        peer.sendText("late");
        assertThat(rig.awaitEvent()).isEqualTo("frame late");
        peer.sendClose(1000, "");
        closing.join();
        assertThat(rig.awaitEvent()).isEqualTo("closed: journal-full");
        awaitSession();
    }

    @Test
    void isClosedForGood() {
        FeedClient client = rig.open();
        awaitSession();
        client.close();
        client.close();
        client.close("again");
        client.resume();
        assertThat(rig.awaitEvent()).isEqualTo("closed: stopped");
        assertThatIllegalStateException().isThrownBy(client::open);
    }

    @Test
    void closesWhileItWaitsToReconnect() {
        rig.backoffMin = Duration.ofHours(1);
        rig.backoffMax = Duration.ofHours(1);
        FeedClient client = rig.open();
        awaitSession().close();
        assertThat(rig.awaitEvent()).startsWith("closed: lost");
        client.close("stopped");
        assertThat(client.state()).isEqualTo(FeedClient.State.CLOSED);
        assertThat(rig.events).isEmpty();
    }

    @Test
    void takesFramesThatComeWithTheHandshake() {
        venue.sendingAtOnce(FakeVenuePeer.frame(0x81, "early".getBytes(StandardCharsets.UTF_8)));
        rig.open();
        venue.awaitPeer();
        rig.awaitSession();
        assertThat(rig.awaitEvent()).isEqualTo("frame early");
    }

    @Test
    void subscribesInRealJson() {
        rig.symbols = List.of("IC MARKETS:1", "BINANCE:币安人生USDT", "OANDA:EUR_USD", "BTC/USD", "A", "aapl", "BRK\"B");
        rig.open();
        FakeVenuePeer peer = venue.awaitPeer();
        assertThat(rig.awaitEvent()).isEqualTo("opened");
        for (String symbol : rig.symbols) {
            assertThat(peer.awaitFrame().text())
                    .isEqualTo("{\"type\":\"subscribe\",\"symbol\":\"" + symbol.replace("\"", "\\\"") + "\"}");
            assertThat(rig.awaitEvent()).isEqualTo("subscribed " + symbol);
        }
    }

    @Test
    void refusesASymbolThatIsNotText() {
        rig.symbols = List.of("\ud800");
        assertThatIllegalArgumentException().isThrownBy(rig::client).withMessageContaining("symbol");
    }

    @Test
    void warnsOfMoreSymbolsThanTheVenueAllows() {
        rig.symbols = Collections.nCopies(51, "A");
        try (CapturedLogs logs = CapturedLogs.open()) {
            rig.client();
            assertThat(logs.lines("WARN")).singleElement().asString().contains("symbols=51 limit=50");
        }
    }

    @Test
    void answersAPingAtOnceAndTakesTextPingsAndPongsAsTheyCome() {
        rig.open();
        FakeVenuePeer peer = awaitSession();
        peer.sendRaw(wire("A07_ping_payload_deadbeef"));
        assertThat(peer.awaitFrame()).isEqualTo(new FakeVenuePeer.Received(10, true, "\u00de\u00ad\u00be\u00ef"));
        peer.sendText(payload("ping"));
        assertThat(rig.awaitEvent()).isEqualTo("frame " + payload("ping"));
        peer.sendHex("8a03616263");
        peer.sendHex("8900");
        assertThat(peer.awaitFrame()).isEqualTo(new FakeVenuePeer.Received(10, true, ""));
        assertThat(rig.events).isEmpty();
    }

    @Test
    void answersAPingAtOnceThoughItComesAmidAMessageCutInsideACharacter() {
        rig.open();
        FakeVenuePeer peer = awaitSession();
        byte[] message = "{\"s\":\"币\"}".getBytes(StandardCharsets.UTF_8);
        peer.sendRaw(FakeVenuePeer.frame(0x01, Arrays.copyOf(message, 7)));
        peer.sendRaw(wire("A07_ping_payload_deadbeef"));
        assertThat(peer.awaitFrame()).isEqualTo(new FakeVenuePeer.Received(10, true, "\u00de\u00ad\u00be\u00ef"));
        assertThat(rig.events).isEmpty();
        peer.sendRaw(FakeVenuePeer.frame(0x80, Arrays.copyOfRange(message, 7, message.length)));
        assertThat(rig.awaitEvent()).isEqualTo("frame {\"s\":\"币\"}");
    }

    @Test
    void offersNoCompressionAndRefusesItWhereItComesAllTheSame() {
        rig.open();
        for (byte[] compressed : List.of(wire("A04_deflated_rsv1_first"), bomb())) {
            FakeVenuePeer peer = awaitSession();
            peer.sendRaw(wire("A04_uncompressed_rsv0_between"));
            peer.sendRaw(compressed);
            assertThat(peer.awaitFrame().closeCode()).isEqualTo(1002);
            assertThat(rig.awaitEvent()).isEqualTo("frame {\"type\":\"ping\"}");
            assertThat(rig.awaitEvent())
                    .isEqualTo("closed: ended by us 1002 reserved bits set without an extension: bits=4");
        }
        awaitSession();
        assertThat(venue.requests()).noneMatch(request -> request.contains("Sec-WebSocket-Extensions"));
    }

    /** Ten mebibytes of spaces, deflated to about a thousandth. */
    private static byte[] bomb() {
        byte[] deflated = new byte[1 << 16];
        Deflater deflater = new Deflater(Deflater.BEST_COMPRESSION, true);
        deflater.setInput(" ".repeat(10 << 20).getBytes(StandardCharsets.US_ASCII));
        int length = deflater.deflate(deflated, 0, deflated.length, Deflater.SYNC_FLUSH);
        deflater.end();
        return FakeVenuePeer.frame(0xc1, Arrays.copyOf(deflated, length));
    }

    @Test
    void reconnectsFromAVenueThatHasFallenSilent() {
        rig.silenceTimeout = Duration.ofMillis(100);
        rig.open();
        FakeVenuePeer silent = awaitSession();
        assertThat(rig.awaitEvent()).isEqualTo("closed: silent");
        silent.awaitEnd();
        awaitSession();
        assertThat(rig.count("silences")).isPositive();
    }

    @Test
    void survivesErrorMessages() {
        rig.open();
        FakeVenuePeer peer = awaitSession();
        List<String> errors = List.of(
                payload("error_too_many_symbols"),
                payload("error_invalid_symbol"),
                "{\"type\":\"error\"}",
                "{\"type\":\"error\",\"msg\":\"\"}");
        for (String error : errors) {
            peer.sendText(error);
            assertThat(rig.awaitEvent()).isEqualTo("frame " + error);
        }
        peer.sendText("still here");
        assertThat(rig.awaitEvent()).isEqualTo("frame still here");
        assertThat(rig.count("errors")).isEqualTo(4);
        assertThat(rig.count("sessions")).isOne();
    }

    @Test
    void keepsAnErrorAsTheCauseOfTheCloseThatFollows() {
        rig.open();
        FakeVenuePeer peer = awaitSession();
        peer.sendText(payload("error_too_many_symbols"));
        peer.sendClose(1008, "bye SECRETTOKEN123\n");
        assertThat(rig.awaitEvent()).startsWith("frame");
        assertThat(rig.awaitEvent())
                .isEqualTo("closed: closed 1008 bye *** after error: Subscribing to too many symbols");
    }

    @Test
    void refusesAMessageThatIsTooLongAndReconnects() {
        rig.maxMessageLength = 70_000;
        rig.open();
        FakeVenuePeer peer = awaitSession();
        try (CapturedLogs logs = CapturedLogs.open()) {
            peer.sendRaw(Arrays.copyOf(FakeVenuePeer.frame(0x81, new byte[70_001]), 10));
            assertThat(peer.awaitFrame().closeCode()).isEqualTo(1009);
            assertThat(rig.awaitEvent())
                    .isEqualTo("closed: ended by us 1009 message too long: length=70001 limit=70000"
                            + " (see feed.max-message-length)");
            awaitSession();
            assertThat(logs.lines("WARN")).singleElement().asString().contains("length=70001 limit=70000");
        }
        assertThat(rig.count("too-long-messages")).isOne();
    }

    @Test
    void refusesTextThatIsNotUtf8AndReconnects() {
        rig.open();
        FakeVenuePeer peer = awaitSession();
        peer.sendRaw(wire("A01_invalid_utf8_text"));
        assertThat(peer.awaitFrame().closeCode()).isEqualTo(1007);
        assertThat(rig.awaitEvent()).startsWith("closed: ended by us 1007");
        awaitSession();
        assertThat(rig.count("protocol-errors")).isOne();
    }

    @Test
    void triesAgainWhenTheHostIsNotFound() throws UnknownHostException {
        AtomicInteger lookups = new AtomicInteger();
        InetAddress loopback = InetAddress.getLoopbackAddress();
        rig.names = host -> {
            if (lookups.incrementAndGet() < 3) {
                throw new UnknownHostException(host);
            }
            return List.of(loopback);
        };
        try (CapturedLogs logs = CapturedLogs.open()) {
            rig.open();
            awaitSession();
            assertThat(lookups).hasValue(3);
            assertThat(logs.lines("WARN")).hasSize(2).allMatch(line -> line.contains("host name not found: 127.0.0.1"));
        }
        assertThat(rig.count("connect-failures")).isEqualTo(2);
    }

    @Test
    void triesTheNextAddressOfAHost() throws UnknownHostException {
        InetAddress nobody = InetAddress.getByAddress(new byte[] {127, 0, 0, 2});
        InetAddress loopback = InetAddress.getLoopbackAddress();
        rig.names = host -> List.of(nobody, loopback);
        rig.open();
        awaitSession();
        assertThat(rig.count("connect-failures")).isOne();
    }

    @Test
    void sendsNoKeyWhereAHostsFileLeadsLoopbackAway() throws UnknownHostException {
        InetAddress elsewhere = InetAddress.getByAddress(new byte[] {10, 0, 0, 1});
        rig.names = host -> List.of(elsewhere);
        FeedClient client = rig.open();
        await().until(() -> client.state() == FeedClient.State.DEGRADED);
    }

    @Test
    void triesAgainWhenNobodyListens() throws IOException {
        try (Socket silent = new Socket()) {
            silent.bind(
                    new InetSocketAddress(InetAddress.getLoopbackAddress(), 0)); // so that nobody else listens there
            FeedRig alone = new FeedRig(URI.create("ws://127.0.0.1:" + silent.getLocalPort() + "/"));
            FeedClient client = alone.open();
            await().until(() -> alone.count("connect-failures") >= 3);
            assertThat(client.state()).isEqualTo(FeedClient.State.CONNECTING);
            assertThat(alone.events).isEmpty();
            alone.close();
        }
    }

    @Test
    void givesUpAnAttemptThatHangs() {
        venue.alwaysAnswering("HTTP/1.1 100 Continue\r\n\r\n").keepingSilentAfterwards();
        rig.connectTimeout = Duration.ofMillis(50);
        rig.open();
        await().until(() -> rig.count("connect-failures") >= 2);
        assertThat(rig.events).isEmpty();
    }

    @Test
    void closesWhileANameLookupHangs() throws InterruptedException {
        CountDownLatch never = new CountDownLatch(1);
        rig.names = host -> {
            try {
                never.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            return List.of(InetAddress.getLoopbackAddress());
        };
        FeedClient client = rig.open();
        client.close("stopped");
        client.open();
        client.close("stopped");
        assertThat(client.state()).isEqualTo(FeedClient.State.CLOSED);
        never.countDown();
        assertThat(venue.connections()).isZero();
    }

    @Test
    void endsTheSessionWhenAHandlerThrowsAndOpensAnother() {
        AtomicInteger frames = new AtomicInteger();
        rig.frames = (payload, at) -> {
            if (frames.incrementAndGet() == 1) {
                throw new IllegalStateException("planted");
            }
            return true;
        };
        try (CapturedLogs logs = CapturedLogs.open()) {
            rig.open();
            FakeVenuePeer peer = awaitSession();
            peer.sendText("bad");
            assertThat(rig.awaitEvent()).isEqualTo("frame bad");
            assertThat(rig.awaitEvent()).isEqualTo("closed: handler failed: planted");
            peer.awaitEnd();
            awaitSession().sendText("good");
            assertThat(rig.awaitEvent()).isEqualTo("frame good");
            assertThat(logs.lines("ERROR")).singleElement().asString().contains("planted");
        }
        assertThat(rig.count("handler-failures")).isOne();
    }

    @Test
    void tellsHowLongNoFrameHasCome() {
        rig.client();
        assertThat(rig.metrics.getGauges())
                .hasEntrySatisfying(
                        "feed.seconds-since-frame",
                        gauge -> assertThat(gauge.getValue()).isEqualTo(0L));
    }
}
