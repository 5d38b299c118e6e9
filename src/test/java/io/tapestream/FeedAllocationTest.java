package io.tapestream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.sun.management.ThreadMXBean;
import io.tapestream.feed.FakeVenue;
import io.tapestream.feed.FakeVenuePeer;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the event loop allocates for a frame, from the socket to the journal. */
class FeedAllocationTest {
    private static final List<String> FRAMES = IngesterRig.captured("crypto-in-finnhub-shape.ndjson");
    private static final int WARM_UP = 5_000;
    private static final int MEASURED = 20_000;

    /** Room for one small object. */
    private static final long BYTES_OF_A_FRAME = 64;

    private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    @TempDir
    Path folder;

    @Test
    void isNextToNothing() throws Exception {
        try (FakeVenue venue = FakeVenue.start()) {
            IngesterRig rig = new IngesterRig(folder, venue);
            rig.properties.put("journal.segment-length", "16 MiB");
            Ingester ingester = rig.start();
            FakeVenuePeer peer = venue.awaitPeer();
            long feed = feedThread();
            send(ingester, peer, 0, WARM_UP);
            long before = threads.getThreadAllocatedBytes(feed);

            send(ingester, peer, WARM_UP, MEASURED);

            long allocated = threads.getThreadAllocatedBytes(feed) - before;
            assertThat(allocated).isPositive().isLessThan(MEASURED * BYTES_OF_A_FRAME);
            ingester.stop("test");
        }
    }

    private static void send(Ingester ingester, FakeVenuePeer peer, int sent, int count) {
        for (int i = 0; i < count; i++) {
            peer.sendText(FRAMES.get(i % FRAMES.size()));
        }
        await().atMost(Duration.ofMinutes(2)).until(() -> ingester.counts().of("feed.frames") >= sent + count);
    }

    private long feedThread() {
        return Arrays.stream(threads.getThreadInfo(threads.getAllThreadIds()))
                .filter(thread -> thread != null && thread.getThreadName().equals("feed"))
                .mapToLong(ThreadInfo::getThreadId)
                .findFirst()
                .orElseThrow();
    }
}
