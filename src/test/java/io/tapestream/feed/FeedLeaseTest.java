package io.tapestream.feed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.tapestream.feed.FeedClient.State;
import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A key that several hosts are after: no socket without its lease. */
class FeedLeaseTest {
    private final FakeVenue venue = FakeVenue.start();
    private final FeedRig rig = FeedRig.of(venue);
    private final ManualLease lease = new ManualLease();

    @BeforeEach
    void useTheLease() {
        rig.lease = lease;
    }

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

    private FeedClient standingBy() {
        FeedClient client = rig.open();
        await().until(() -> client.state() == State.STANDBY && lease.isWanted());
        return client;
    }

    @Test
    void standsByWithoutASocketUntilTheLeaseIsGranted() {
        FeedClient client = standingBy();
        await().during(Duration.ofMillis(100)).until(() -> venue.connections() == 0);
        lease.grant();
        awaitSession();
        await().until(() -> client.state() == State.OPEN);
        assertThat(venue.connections()).isEqualTo(1);
    }

    @Test
    void asksForNoLeaseBeforeItIsOpened() {
        rig.client();
        assertThat(lease.isWanted()).isFalse();
    }

    @Test
    void endsItsSessionAtOnceWhenTheLeaseIsLostAndConnectsWithTheNextGrantOnly() {
        FeedClient client = standingBy();
        ManualLease.ManualGrant grant = lease.grant();
        FakeVenuePeer peer = awaitSession();
        lease.lose(grant);
        peer.awaitEnd();
        assertThat(rig.awaitEvent()).isEqualTo("closed: lease-lost");
        await().until(() -> client.state() == State.STANDBY);
        await().during(Duration.ofMillis(100)).until(() -> venue.connections() == 1);
        assertThat(lease.isWanted()).isTrue();
        lease.grant();
        awaitSession();
        assertThat(rig.count("connect-failures")).isZero();
    }

    @Test
    void handlesNotOneByteOfAVenueWhenItsLeaseHasRunOutWithoutAWord() {
        standingBy();
        ManualLease.ManualGrant grant = lease.grant();
        FakeVenuePeer peer = awaitSession();
        peer.sendText("first");
        assertThat(rig.awaitEvent()).isEqualTo("frame first");
        grant.runsOut(); // and no timer has noticed
        peer.sendText("second");
        peer.awaitEnd();
        assertThat(rig.awaitEvent()).isEqualTo("closed: lease-lost");
        assertThat(rig.count("frames")).isEqualTo(1);
    }

    @Test
    void answersNoPingWithoutALease() {
        standingBy();
        ManualLease.ManualGrant grant = lease.grant();
        FakeVenuePeer peer = awaitSession();
        grant.runsOut();
        peer.sendHex("8900");
        assertThat(rig.awaitEvent()).isEqualTo("closed: lease-lost");
        peer.awaitEnd();
    }

    @Test
    void endsASilentSessionWhenItsLeaseRunsOut() {
        standingBy();
        ManualLease.ManualGrant grant = new ManualLease.ManualGrant();
        grant.hasNanos(Duration.ofMillis(50).toNanos());
        lease.grant(grant);
        FakeVenuePeer peer = awaitSession();
        await().during(Duration.ofMillis(200)).until(rig.events::isEmpty); // renewed for ever
        grant.runsOut();
        peer.awaitEnd();
        assertThat(rig.awaitEvent()).isEqualTo("closed: lease-lost");
    }

    @Test
    void opensNoSocketWhenTheLeaseIsOverByTheTimeTheNameIsFound() {
        CountDownLatch isLost = new CountDownLatch(1);
        rig.names = host -> {
            await().until(() -> isLost.getCount() == 0);
            return List.of(InetAddress.getAllByName(host));
        };
        FeedClient client = standingBy();
        ManualLease.ManualGrant grant = lease.grant();
        await().until(() -> client.state() == State.CONNECTING);
        grant.runsOut();
        isLost.countDown();
        await().until(() -> client.state() == State.STANDBY);
        assertThat(venue.connections()).isZero();
        assertThat(rig.events).isEmpty();
    }

    @Test
    void endsAHandshakeWhenTheLeaseIsLost() {
        FeedClient client = standingBy();
        venue.answering("").keepingSilentAfterwards();
        ManualLease.ManualGrant grant = lease.grant();
        await().until(() -> !venue.requests().isEmpty());
        lease.lose(grant);
        await().until(() -> client.state() == State.STANDBY);
        assertThat(rig.events).isEmpty();
        lease.grant();
        awaitSession();
    }

    @Test
    void givesTheLeaseBackOnlyWhenItsSocketIsClosed() {
        FeedClient client = standingBy();
        lease.grant();
        FakeVenuePeer peer = awaitSession().leavingCloseUnanswered();
        Thread closing = new Thread(() -> client.close("outside-hours"));
        closing.start();
        assertThat(peer.awaitFrame().opcode()).isEqualTo(8);
        assertThat(lease.timesGivenBack()).isZero();
        peer.close();
        assertThat(rig.awaitEvent()).isEqualTo("closed: outside-hours");
        await().until(() -> lease.timesGivenBack() == 1);
        assertThat(client.state()).isEqualTo(State.CLOSED);
    }

    @Test
    void goesAfterItNoLongerWhenItIsClosedWhileItStandsBy() {
        FeedClient client = standingBy();
        client.close("outside-hours");
        assertThat(client.state()).isEqualTo(State.CLOSED);
        assertThat(lease.isWanted()).isFalse();
        client.open();
        await().until(() -> lease.isWanted());
        lease.grant();
        awaitSession();
    }

    @Test
    void leavesAVenueAloneThatAskedForItWhoeverHasTheLease() {
        rig.backoffMax = Duration.ofMinutes(1);
        venue.answering("HTTP/1.1 429 Too Many Requests\r\nRetry-After: 30\r\nContent-Length: 0\r\n\r\n");
        FeedClient client = standingBy();
        ManualLease.ManualGrant grant = lease.grant();
        await().until(() -> rig.count("connect-failures") == 1);
        lease.lose(grant);
        await().until(() -> client.state() == State.STANDBY);
        lease.grant();
        await().until(() -> client.state() == State.CONNECTING);
        await().during(Duration.ofMillis(100)).until(() -> venue.connections() == 1);
    }

    @Test
    void keepsTheLeaseBetweenTwoConnections() {
        standingBy();
        lease.grant();
        awaitSession().reset();
        assertThat(rig.awaitEvent()).startsWith("closed: lost: ");
        awaitSession();
        assertThat(lease.timesGivenBack()).isZero();
    }

    @Test
    void aGrantThatCameTooLateIsOfNoUse() {
        FeedClient client = standingBy();
        KeyLease.Holder late = lease.holder();
        client.close("outside-hours");
        late.onGranted(() -> 0);
        client.open();
        await().until(() -> lease.isWanted() && client.state() == State.STANDBY);
        lease.grant();
        awaitSession();
    }
}
