package io.tapestream.feed;

import static io.tapestream.feed.WireFrames.wire;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.net.URI;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.slf4j.LoggerFactory;

/** Everything that can go wrong with a connection, at TRACE: the key is told to the venue, and to nobody else. */
class FeedSecrecyTest {
    @TempDir
    Path directory;

    private final List<String> said = new ArrayList<>();
    private String key = "";
    private String encoded = "";

    @ParameterizedTest
    @CsvSource({"SECRETTOKEN123, SECRETTOKEN123", "a+b/c=d&e, a%2Bb%2Fc%3Dd%26e"})
    void tellsTheKeyToNobodyButTheVenue(String keyOfThisRun, String encodedKey) {
        key = keyOfThisRun;
        encoded = encodedKey;
        try (CapturedLogs logs = CapturedLogs.open()) {
            refuseHandshakes();
            endSessions();
            succeedWithTls();
            failTls();
            failLookup();
            assertThat(logs.lines()).anyMatch(line -> line.contains(" io.netty."));
            said.addAll(logs.lines());
            LoggerFactory.getLogger("io.netty.canary").trace("GET /?token={}", encoded);
            assertThat(leaks(logs.lines())).as("the canary").hasSize(1);
        }
        assertThat(leaks(said)).isEmpty();
    }

    private List<String> leaks(List<String> texts) {
        byte[] bytes = key.getBytes(StandardCharsets.UTF_8);
        List<String> forms = List.of(
                key,
                encoded,
                encoded.toLowerCase(Locale.ROOT),
                Base64.getEncoder().encodeToString(bytes));
        return texts.stream()
                .filter(text -> forms.stream().anyMatch(text::contains))
                .toList();
    }

    private FeedRig rig(URI uri) {
        FeedRig rig = new FeedRig(uri);
        rig.key = ApiKey.of(key);
        return rig;
    }

    /** What a rig has told, and everything of it that has a name or prints. */
    private void listen(FeedRig rig) {
        said.addAll(rig.events);
        said.addAll(rig.metrics.getNames());
        said.addAll(Thread.getAllStackTraces().keySet().stream()
                .map(Thread::getName)
                .collect(Collectors.toList()));
        said.add(rig.key + " " + rig.settings() + " "
                + Endpoint.of(rig.settings().uri()));
    }

    private void refuseHandshakes() {
        try (FakeVenue venue = FakeVenue.start();
                FeedRig rig = rig(venue.uri())) {
            venue.answering(
                    "HTTP/1.1 200 OK\r\n\r\n<html>" + key,
                    "HTTP/1.1 301 Moved\r\nLocation: ws://elsewhere/?token=" + encoded + "\r\n\r\n",
                    "HTTP/1.1 401 " + key + "\r\nRetry-After: " + key + "\r\n\r\n",
                    "HTTP/1.1 403 Forbidden\r\nX-Token: " + encoded + "\r\n\r\n",
                    "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 0\r\n\r\n",
                    "HTTP/1.1 502 Bad Gateway\r\n\r\n",
                    "HTTP/1.1 101 Ok\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " + key
                            + "\r\n\r\n",
                    "GET /?token=" + encoded + "\r\n\r\n",
                    FakeVenue.HANG_UP);
            rig.open();
            venue.awaitPeer();
            assertThat(venue.requests())
                    .hasSize(10)
                    .allMatch(request -> request.startsWith("GET /?token=" + encoded + " HTTP/1.1\r\n"));
            listen(rig);
        }
    }

    private void endSessions() {
        try (FakeVenue venue = FakeVenue.start();
                FeedRig rig = rig(venue.uri())) {
            rig.open();
            venue.awaitPeer().sendClose(1008, "token " + key + " is in use");
            venue.awaitPeer().sendClose(1001, encoded);
            venue.awaitPeer().sendRaw(wire("A09_close_one_byte_body_invalid"));
            venue.awaitPeer().reset();
            venue.awaitPeer().sendRaw(wire("A04_deflated_rsv1_first"));
            FakeVenuePeer last = venue.awaitPeer();
            await().until(() -> rig.count("sessions") == 6);
            listen(rig);
            last.sendText("{\"type\":\"error\",\"msg\":\"token " + key + " is in use\"}");
            await().until(() -> rig.count("errors") == 1);
        }
    }

    private void succeedWithTls() {
        TestCertificates authority = new TestCertificates();
        try (FakeVenue venue = FakeVenue.startTls(authority.server("localhost", Instant.MAX));
                FeedRig rig = rig(venue.uri())) {
            rig.caFile = authority.writePem(directory.resolve("good.pem"));
            rig.open();
            venue.awaitPeer().sendText("frame");
            rig.awaitSession();
            assertThat(rig.awaitEvent()).isEqualTo("frame frame");
            listen(rig);
        }
    }

    private void failTls() {
        TestCertificates authority = new TestCertificates();
        try (FakeVenue venue = FakeVenue.startTls(authority.server("other", Instant.MAX));
                FakeVenue plain = FakeVenue.start().greeting("not TLS\r\n");
                FeedRig rig = rig(venue.uri());
                FeedRig plainRig = rig(URI.create("wss://localhost:" + plain.port() + "/"))) {
            rig.caFile = authority.writePem(directory.resolve(key.length() + ".pem"));
            rig.open();
            plainRig.open();
            await().until(() -> rig.count("connect-failures") >= 2 && plainRig.count("connect-failures") >= 2);
            assertThat(venue.requests()).isEmpty();
            assertThat(plain.requests()).isEmpty();
            listen(rig);
        }
    }

    private void failLookup() {
        try (FeedRig rig = rig(URI.create("wss://venue.invalid/"))) {
            rig.names = host -> {
                throw new UnknownHostException(host);
            };
            rig.open();
            await().until(() -> rig.count("connect-failures") >= 2);
            listen(rig);
        }
    }
}
