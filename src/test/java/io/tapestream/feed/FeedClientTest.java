package io.tapestream.feed;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class FeedClientTest {
    private final FakeVenue venue = FakeVenue.start();
    private final FeedRig rig = FeedRig.of(venue);

    @AfterEach
    void stop() {
        rig.close();
        venue.close();
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
    }

    @Test
    void opensAgainAfterAClose() {
        FeedClient client = rig.open();
        venue.awaitPeer().close();
        rig.awaitSession();
        assertThat(rig.awaitEvent()).startsWith("closed: lost");
        rig.awaitSession();
        venue.awaitPeer().close();
        client.close("journal-full");
        client.open();
        venue.awaitPeer();
        assertThat(venue.mostOpen()).isEqualTo(1);
    }
}
