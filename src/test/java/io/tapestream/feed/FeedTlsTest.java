package io.tapestream.feed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FeedTlsTest {
    private static final TestCertificates AUTHORITY = new TestCertificates();

    @TempDir
    Path directory;

    private Path ca() {
        return AUTHORITY.writePem(directory.resolve("ca.pem"));
    }

    @Test
    void takesFramesFromAVenueThatProvesItsName() {
        try (FakeVenue venue = FakeVenue.startTls(AUTHORITY.server("localhost", Instant.MAX));
                FeedRig rig = FeedRig.of(venue)) {
            rig.caFile = ca();
            FeedClient client = rig.open();
            FakeVenuePeer peer = venue.awaitPeer();
            rig.awaitSession();
            peer.sendText("x".repeat(100_000));
            assertThat(rig.awaitEvent()).hasSize("frame ".length() + 100_000);
            client.close("stopped");
            assertThat(rig.awaitEvent()).isEqualTo("closed: stopped");
            assertThat(peer.awaitFrame().opcode()).isEqualTo(1);
            assertThat(peer.awaitFrame().opcode()).isEqualTo(8);
        }
    }

    @Test
    void sendsNothingToAVenueWithACertificateForAnotherName() {
        assertRefused(
                AUTHORITY.server("other.example", Instant.MAX),
                "no subject alternative DNS name matching localhost found");
    }

    @Test
    void sendsNothingToAVenueWithAnExpiredCertificate() {
        assertRefused(AUTHORITY.server("localhost", Instant.parse("2021-01-01T00:00:00Z")), "expired, NotAfter:");
    }

    @Test
    void sendsNothingToAVenueThatHasSignedItsOwnCertificate() {
        assertRefused(TestCertificates.selfSigned("localhost"), "unable to find valid certification path");
    }

    private void assertRefused(SSLContext server, String why) {
        try (FakeVenue venue = FakeVenue.startTls(server);
                CapturedLogs logs = CapturedLogs.open();
                FeedRig rig = FeedRig.of(venue)) {
            rig.caFile = ca();
            FeedClient client = rig.open();
            await().until(() -> venue.connections() > 1);
            assertThat(client.state()).isEqualTo(FeedClient.State.DEGRADED);
            assertThat(venue.requests()).isEmpty();
            assertThat(rig.events).isEmpty();
            assertThat(logs.lines("ERROR"))
                    .singleElement()
                    .asString()
                    .contains("venue's certificate refused: " + why, "key not sent");
            assertThat(logs.lines()).noneMatch(line -> line.contains("end of the pipeline"));
        }
    }

    @Test
    void trustsNoPrivateAuthorityByItself() {
        try (FakeVenue venue = FakeVenue.startTls(AUTHORITY.server("localhost", Instant.MAX));
                FeedRig rig = FeedRig.of(venue)) {
            FeedClient client = rig.open();
            await().until(() -> client.state() == FeedClient.State.DEGRADED);
            assertThat(venue.requests()).isEmpty();
        }
    }

    @Test
    void sendsNothingToAPortThatSpeaksPlainText() {
        try (FakeVenue venue = FakeVenue.start().greeting("HTTP/1.1 400 Bad Request\r\n\r\n");
                CapturedLogs logs = CapturedLogs.open();
                FeedRig rig = new FeedRig(URI.create("wss://localhost:" + venue.port() + "/"))) {
            FeedClient client = rig.open();
            await().until(() -> client.state() == FeedClient.State.DEGRADED);
            assertThat(logs.lines("ERROR"))
                    .singleElement()
                    .asString()
                    .contains("venue does not speak TLS (check host and port of feed.uri; key not sent)");
        }
    }

    @Test
    void refusesAFileThatHoldsNoAuthorities() throws IOException {
        Path file = Files.writeString(directory.resolve("empty.pem"), "nothing");
        try (FeedRig rig = new FeedRig(URI.create("wss://localhost/"))) {
            rig.caFile = file;
            assertThatIllegalArgumentException()
                    .isThrownBy(rig::client)
                    .withMessage(
                            "certificate authorities cannot be read: feed.ca-file=" + file + " (expected: a PEM file)");
            rig.caFile = directory.resolve("missing.pem");
            assertThatIllegalArgumentException().isThrownBy(rig::client).withMessageContaining("missing.pem");
        }
    }
}
