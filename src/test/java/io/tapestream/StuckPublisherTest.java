package io.tapestream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.common.util.concurrent.ListenableFuture;
import io.tapestream.feed.FakeVenue;
import io.tapestream.feed.FakeVenuePeer;
import io.tapestream.kinesis.FakeKinesisProducer;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.kinesis.producer.UserRecordResult;

/** A producer that does not return ends the process, and the feed never sees it. */
class StuckPublisherTest {
    private static final List<String> AAPL = IngesterRig.captured("finnhub-aapl-20230331.ndjson");

    @TempDir
    Path folder;

    private final CountDownLatch release = new CountDownLatch(1);
    private FakeVenue venue;
    private IngesterRig rig;

    @BeforeEach
    void startVenue() {
        venue = FakeVenue.start();
        rig = new IngesterRig(folder, venue);
        rig.properties.put("run.stuck-timeout", "1s");
    }

    @AfterEach
    void stopVenue() {
        release.countDown();
        venue.close();
    }

    @Test
    void aProducerThatDoesNotReturnIsAFailureWithASentence() throws Exception {
        rig.producer = new BlockingKinesisProducer();
        assertStuck();
    }

    @Test
    void soIsOneThatCannotBeBuiltToTheEnd() throws Exception {
        rig.producers = kinesis -> () -> {
            waitForRelease();
            return FakeKinesisProducer.acknowledging();
        };
        assertStuck();
    }

    private void assertStuck() throws Exception {
        Ingester stuck = rig.start();
        FakeVenuePeer peer = venue.awaitPeer();
        peer.awaitFrame();
        AAPL.forEach(peer::sendText);
        Throwable cause = stuck.failure().get(60, TimeUnit.SECONDS);

        assertThat(cause)
                .isInstanceOf(StuckPublisherException.class)
                .hasMessageMatching("publisher stuck: seconds=1 at=\"[^\"]+\" \\(the KPL does not return; what is not"
                        + " acknowledged is in the journal and published at the next start\\)");
        assertThat(cause.getStackTrace())
                .anyMatch(frame -> frame.getMethodName().equals("waitForRelease"));
        assertThat(stuck.health().details()).containsEntry("reasons", List.of("publisher-stuck"));
        peer.sendHex("89026869"); // ping
        assertThat(peer.awaitFrame().opcode()).isEqualTo(0xA);
        AAPL.forEach(peer::sendText);
        await().untilAsserted(() -> assertThat(stuck.counts().of("feed.frames")).isEqualTo(2L * AAPL.size()));
        assertThat(venue.connections()).isEqualTo(1);
        assertThat(stuck.stop("failed")).isFalse();
        assertThat(stuck.unacknowledgedBytes()).isPositive();
        release.countDown();

        FakeKinesisProducer next = FakeKinesisProducer.acknowledging();
        rig.producers = kinesis -> () -> next;
        assertThat(rig.start().stop("test")).isTrue();
        assertThat(IngesterRig.ids(next)).containsExactlyInAnyOrderElementsOf(rig.journalledIds());
    }

    private void waitForRelease() {
        try {
            release.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** A producer that takes a record and does not return. */
    private final class BlockingKinesisProducer extends FakeKinesisProducer {
        @Override
        public synchronized ListenableFuture<UserRecordResult> addUserRecord(
                String stream, String partitionKey, String explicitHashKey, ByteBuffer payload) {
            waitForRelease();
            throw new IllegalStateException("released");
        }
    }
}
