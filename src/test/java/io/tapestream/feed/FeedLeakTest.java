package io.tapestream.feed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.tapestream.NettyLeaks;
import io.tapestream.ResourceCensus;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A thousand connections, however they end, leave what one leaves: nothing. */
@Timeout(120)
class FeedLeakTest {
    private static final int WARM_UP = 30;
    private static final String HALF_AN_ANSWER = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: webs";
    private static final String HALF_A_TLS_HANDSHAKE = "\u0016\u0003\u0003\u0002";

    /** How a venue may end a session: in order, out of order, against the protocol, and amid a message. */
    private static final List<Consumer<FakeVenuePeer>> ENDS = List.of(
            peer -> peer.sendClose(1001, "server restart"),
            FakeVenuePeer::reset,
            FakeVenuePeer::close,
            peer -> peer.sendClose(1013, "try again later"),
            peer -> peer.sendHex("880103"), // half a close code
            peer -> peer.sendHex("8102c328"), // not UTF-8
            peer -> {
                peer.sendHex("817e03e8" + "61".repeat(100)); // a tenth of a message
                peer.reset();
            },
            peer -> {
                peer.sendHex("0103616263"); // one fragment
                peer.close();
            },
            peer -> peer.sendHex("817f4000000000000000")); // more than anybody takes

    @TempDir
    Path directory;

    @Test
    void sevenHundredConnectionsLeaveNothing() throws InterruptedException {
        try (FakeVenue venue = FakeVenue.start()) {
            assertLeavesNothing(venue, () -> FeedRig.of(venue), 700);
        }
    }

    @Test
    void twoHundredConnectionsWithTlsLeaveNothing() throws InterruptedException {
        TestCertificates authority = new TestCertificates();
        try (FakeVenue venue = FakeVenue.startTls(authority.server("localhost", Instant.MAX))) {
            Path caFile = authority.writePem(directory.resolve("ca.pem"));
            assertLeavesNothing(venue, () -> rigWithTls(venue, caFile), 200);
        }
    }

    private static FeedRig rigWithTls(FakeVenue venue, Path caFile) {
        FeedRig rig = FeedRig.of(venue);
        rig.caFile = caFile;
        return rig;
    }

    @Test
    void aHundredConnectionsThatEndAmidTheHandshakeOfTlsLeaveNothing() throws InterruptedException {
        try (FakeVenue venue = FakeVenue.start().greeting(HALF_A_TLS_HANDSHAKE)) {
            failToConnect(venue, WARM_UP);
            ResourceCensus before = ResourceCensus.take();
            failToConnect(venue, 100);
            assertNothingIsLeft(before);
        }
    }

    private static void failToConnect(FakeVenue venue, int connections) {
        int last = venue.connections() + connections;
        try (FeedRig rig = hurried(new FeedRig(URI.create("wss://localhost:" + venue.port() + "/")))) {
            rig.open();
            await().atMost(Duration.ofSeconds(60)).until(() -> venue.connections() >= last);
            assertThat(rig.events).isEmpty();
        }
    }

    private static void assertLeavesNothing(FakeVenue venue, Supplier<FeedRig> rigs, int connections)
            throws InterruptedException {
        assertAnOpenSessionHoldsNoMore(venue, rigs.get(), WARM_UP);
        ResourceCensus before = ResourceCensus.take();
        assertAnOpenSessionHoldsNoMore(venue, rigs.get(), connections);
        assertNothingIsLeft(before);
        assertThat(venue.mostOpen()).isOne();
    }

    private static void assertAnOpenSessionHoldsNoMore(FakeVenue venue, FeedRig rig, int connections)
            throws InterruptedException {
        try (rig) {
            hurried(rig).open();
            FakeVenuePeer peer = reconnect(venue, rig, WARM_UP, awaitSession(venue, rig));
            ResourceCensus before = ResourceCensus.take();
            reconnect(venue, rig, connections, peer);
            assertNothingIsLeft(before);
            assertThat(rig.count("sessions")).isGreaterThan(connections / 2);
        }
    }

    /** However rare real reconnects are, a test cannot wait for a thousand of them. */
    private static FeedRig hurried(FeedRig rig) {
        rig.backoffMin = Duration.ofMillis(1);
        rig.backoffMax = Duration.ofMillis(1);
        return rig;
    }

    /** Makes connections come and go, the open one first; returns the one that is open at last. */
    private static FakeVenuePeer reconnect(FakeVenue venue, FeedRig rig, int connections, FakeVenuePeer open) {
        int last = venue.connections() + connections;
        FakeVenuePeer peer = open;
        for (int turn = 0; venue.connections() < last; turn++) {
            peer.sendText("{\"type\":\"ping\"}");
            assertThat(rig.awaitEvent()).startsWith("frame ");
            if (turn % 3 == 0) {
                venue.answering(HALF_AN_ANSWER, FakeVenue.HANG_UP, "HTTP/1.1 502 Bad Gateway\r\n\r\n");
            }
            ENDS.get(turn % ENDS.size()).accept(peer);
            assertThat(rig.awaitEvent()).startsWith("closed: ");
            peer = awaitSession(venue, rig);
        }
        return peer;
    }

    private static FakeVenuePeer awaitSession(FakeVenue venue, FeedRig rig) {
        FakeVenuePeer peer = venue.awaitPeer();
        rig.awaitSession();
        return peer;
    }

    private static void assertNothingIsLeft(ResourceCensus before) throws InterruptedException {
        before.assertNothingIsAdded();
        assertThat(NettyLeaks.take()).isEmpty();
    }
}
