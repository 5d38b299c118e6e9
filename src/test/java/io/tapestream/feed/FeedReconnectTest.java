package io.tapestream.feed;

import static io.tapestream.feed.WireFrames.wire;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class FeedReconnectTest {
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
        assertThat(peer.awaitFrame().opcode()).isEqualTo(1);
        return peer;
    }

    @ParameterizedTest
    @CsvSource({
        "A09_close_1001_restart, 1001, closed 1001 server restart",
        "A09_close_1008_pong_timeout, 1008, closed 1008 Pong timeout",
        "A09_close_1013_try_again, 1013, closed 1013 try again later",
        "A01_close_1001_in_middle_of_fragments, 1001, closed 1001 restart"
    })
    void answersACloseAndReconnects(String name, int code, String reason) {
        rig.open();
        FakeVenuePeer peer = awaitSession();
        peer.sendRaw(wire(name));
        assertThat(peer.awaitFrame().closeCode()).isEqualTo(code);
        peer.awaitEnd();
        assertThat(rig.awaitEvent()).isEqualTo("closed: " + reason);
        awaitSession();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "1000 | done",
                "1006 | ", // not allowed on the wire: see refusesACloseThatIsNotOne
                "1011 | internal error",
                "1012 | service restart",
                "1001 | {\"data\":[{\"p\":1,\"s\":\"AAPL\",\"t\":1680286537580,\"v\":1}],\"type\":\"trade\"}"
            })
    void takesTheReasonOfACloseForTextAndReconnects(int code, @Nullable String reason) {
        rig.open();
        awaitSession().sendClose(code, reason == null ? "" : reason);
        assertThat(rig.awaitEvent())
                .isEqualTo(
                        reason == null
                                ? "closed: ended by us 1002 close frame without a valid code: length=2"
                                : "closed: closed " + code + " " + reason);
        awaitSession();
        assertThat(rig.count("frames")).isZero();
    }

    @Test
    void reconnectsAfterAnEndWithoutACloseFrame() {
        rig.open();
        awaitSession().close();
        assertThat(rig.awaitEvent()).isEqualTo("closed: lost: closed without a close frame");
        awaitSession();
    }

    @Test
    void tellsABrokenCloseInOneLineWithoutATrace() {
        try (CapturedLogs logs = CapturedLogs.open()) {
            rig.open();
            awaitSession().sendRaw(wire("A09_close_one_byte_body_invalid"));
            assertThat(rig.awaitEvent()).startsWith("closed: ");
            awaitSession();
            assertThat(logs.lines("WARN")).singleElement().asString().contains("1002 close frame without a valid code");
            assertThat(logs.lines("ERROR")).isEmpty();
            assertThat(logs.lines()).noneMatch(line -> line.contains("\tat io.tapestream"));
        }
    }

    @Test
    void waitsLongerWhenItIsToldToTryAgainLater() {
        rig.backoffMax = Duration.ofSeconds(10);
        try (CapturedLogs logs = CapturedLogs.open()) {
            rig.open();
            awaitSession().sendRaw(wire("A09_close_1013_try_again"));
            assertThat(rig.awaitEvent()).startsWith("closed: ");
            awaitSession();
            assertThat(retriesInMillis(logs))
                    .singleElement()
                    .satisfies(
                            wait -> assertThat(wait).isBetween(80L, 160L)); // the bound of 10 ms has doubled four times
        }
    }

    private static List<Long> retriesInMillis(CapturedLogs logs) {
        return logs.lines("WARN").stream()
                .map(line -> line.replaceAll("(?s).*retry_in_ms=", ""))
                .map(Long::valueOf)
                .toList();
    }

    @Test
    void answersACloseWithoutACode() {
        rig.open();
        FakeVenuePeer peer = awaitSession();
        peer.sendRaw(wire("A09_close_empty_body_1005"));
        assertThat(peer.awaitFrame()).isEqualTo(new FakeVenuePeer.Received(8, true, ""));
        assertThat(rig.awaitEvent()).isEqualTo("closed: closed 1005");
        awaitSession();
    }

    @ParameterizedTest
    @CsvSource({
        "880103, 1002, close frame without a valid code: length=1",
        "880203e7, 1002, close frame without a valid code: length=2",
        "880203ed, 1002, close frame without a valid code: length=2",
        "880203ee, 1002, close frame without a valid code: length=2",
        "880207d0, 1002, close frame without a valid code: length=2",
        "880403e8c328, 1007, reason of the close frame is not UTF-8",
        "8801039999, 1002, close frame without a valid code: length=1"
    })
    void refusesACloseThatIsNotOne(String wire, int code, String what) {
        rig.open();
        FakeVenuePeer peer = awaitSession();
        peer.sendHex(wire);
        assertThat(peer.awaitFrame().closeCode()).isEqualTo(code);
        assertThat(rig.awaitEvent()).isEqualTo("closed: ended by us " + code + " " + what);
        awaitSession();
    }

    @Test
    void reconnectsAfterAReset() {
        rig.open();
        awaitSession().reset();
        assertThat(rig.awaitEvent()).startsWith("closed: lost: ");
        awaitSession();
    }

    @Test
    void isDegradedByAVenueThatAcceptsAndClosesForPolicyAgainAndAgain() {
        rig.backoffMax = Duration.ofMillis(1500); // long enough to be seen degraded on a busy machine
        FeedClient client = rig.open();
        for (int i = 0; i < 2; i++) {
            awaitSession().sendClose(1008, "no");
            assertThat(rig.awaitEvent()).isEqualTo("closed: closed 1008 no");
        }
        try (CapturedLogs logs = CapturedLogs.open()) {
            awaitSession().sendClose(1008, "no");
            assertThat(rig.awaitEvent()).isEqualTo("closed: closed 1008 no");
            await().until(() -> client.state() == FeedClient.State.DEGRADED);
            awaitSession().sendClose(1008, "no");
            assertThat(rig.awaitEvent()).isEqualTo("closed: closed 1008 no");
            await().until(() -> client.state() == FeedClient.State.DEGRADED);
            assertThat(logs.lines("ERROR")).hasSize(1);
        }
        awaitSession();
        await().until(() -> client.state() == FeedClient.State.OPEN);
    }

    @Test
    void forgetsItsFailuresOnceASessionIsStable() {
        rig.stableAfter = Duration.ZERO;
        rig.policyRetries = 2;
        FeedClient client = rig.open();
        for (int i = 0; i < 4; i++) {
            awaitSession().sendClose(1008, "no");
            assertThat(rig.awaitEvent()).isEqualTo("closed: closed 1008 no");
            assertThat(client.state()).isNotEqualTo(FeedClient.State.DEGRADED);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5\r\n\r\n<html",
                "HTTP/1.1 301 Moved Permanently\r\nLocation: ws://127.0.0.1:9/?token=SECRETTOKEN123\r\n\r\n",
                "HTTP/1.1 302 Found\r\nLocation: ws://127.0.0.1:9/?token=SECRETTOKEN123\r\n\r\n",
                "HTTP/1.1 401 Unauthorized\r\n\r\n",
                "HTTP/1.1 403 Forbidden\r\n\r\n",
                "HTTP/1.1 101 Ok\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: wrong\r\n\r\n",
                "SSH-2.0-OpenSSH_9.2p1 Debian\r\n\r\n"
            })
    void isDegradedByAnAnswerThatOnlyAPersonCanMend(String answer) {
        venue.answering(answer, answer);
        rig.backoffMax = Duration.ofMillis(400);
        try (CapturedLogs logs = CapturedLogs.open()) {
            FeedClient client = rig.open();
            await().until(() -> client.state() == FeedClient.State.DEGRADED);
            awaitSession();
            assertThat(client.state()).isEqualTo(FeedClient.State.OPEN);
            assertThat(logs.lines("ERROR")).singleElement().asString().contains("handshake refused: ");
            assertThat(logs.lines("WARN")).singleElement().asString().contains("handshake refused: ");
        }
        assertThat(venue.connections()).isEqualTo(3);
        assertThat(rig.count("connect-failures")).isEqualTo(2);
    }

    @ParameterizedTest
    @ValueSource(strings = {"502 Bad Gateway", "524 A Timeout Occurred", "429 Too Many Requests"})
    void backsOffFromAnAnswerThatPasses(String status) {
        String answer = "HTTP/1.1 " + status + "\r\nRetry-After: 0\r\n\r\n";
        venue.answering(answer, answer, FakeVenue.HANG_UP);
        try (CapturedLogs logs = CapturedLogs.open()) {
            rig.open();
            awaitSession();
            assertThat(logs.lines("ERROR")).isEmpty();
            assertThat(logs.lines("WARN")).hasSize(3);
            assertThat(logs.lines("WARN").get(0)).contains("status=" + status.substring(0, 3));
        }
    }

    @Test
    void waitsAsLongAsTheVenueAsksForButNotLongerThanTheLimit() {
        venue.answering("HTTP/1.1 429 Too Many Requests\r\nRetry-After: 30\r\n\r\n");
        rig.retryAfterMax = Duration.ofMillis(150);
        try (CapturedLogs logs = CapturedLogs.open()) {
            rig.open();
            awaitSession();
            assertThat(logs.lines("WARN"))
                    .singleElement()
                    .asString()
                    .endsWith("reason=\"handshake refused: status=429\" retry_in_ms=150");
        }
    }

    @Test
    void doesNotTryBeforeTheMomentThatTheVenueNames() {
        String inHalfAMinute = DateTimeFormatter.RFC_1123_DATE_TIME.format(
                ZonedDateTime.now(ZoneOffset.UTC).plusSeconds(30));
        for (String retryAfter : List.of("30", inHalfAMinute)) {
            try (CapturedLogs logs = CapturedLogs.open();
                    FakeVenue busy = FakeVenue.start()
                            .alwaysAnswering(
                                    "HTTP/1.1 429 Too Many Requests\r\nRetry-After: " + retryAfter + "\r\n\r\n");
                    FeedRig alone = FeedRig.of(busy)) {
                alone.open();
                await().until(() -> !logs.lines("WARN").isEmpty());
                assertThat(retriesInMillis(logs))
                        .singleElement()
                        .satisfies(wait -> assertThat(wait)
                                .isBetween(5_000L, 30_000L)); // a slow machine may have spent some of it
                assertThat(busy.connections()).isOne();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"301 Moved Permanently", "302 Found", "307 Temporary Redirect"})
    void followsNoRedirect(String status) {
        rig.backoffMax = Duration.ofMillis(200);
        try (FakeVenue elsewhere = FakeVenue.start()) {
            venue.answering("HTTP/1.1 " + status + "\r\nLocation: " + elsewhere.uri() + "?token=x\r\n\r\n");
            rig.open();
            awaitSession();
            assertThat(elsewhere.connections()).isZero();
        }
    }

    @Test
    void skipsAnInterimAnswer() {
        venue.sayingBeforeTheAnswer("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n");
        rig.open();
        awaitSession();
        assertThat(venue.connections()).isOne();
    }

    @Test
    void keepsToOneSocketThroughManyReconnects() {
        rig.open();
        for (int i = 0; i < 20; i++) {
            FakeVenuePeer peer = awaitSession();
            if (i % 2 == 0) {
                peer.sendClose(1001, "");
            } else {
                peer.reset();
            }
            assertThat(rig.awaitEvent()).startsWith("closed: ");
        }
        awaitSession();
        assertThat(venue.connections()).isEqualTo(21);
        assertThat(venue.mostOpen()).isOne();
    }
}
