package io.tapestream;

import com.codahale.metrics.Counter;
import com.codahale.metrics.MetricRegistry;
import io.tapestream.journal.Journal;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Does what waits for the disk, on a thread of its own: prepares segments, forces, writes the checkpoint, deletes; and
 * holds the feed to the journal's bounds.
 *
 * <p>A failure of the disk ends it and is handed to the failure handler: a journal that cannot be written stops the
 * process.
 */
final class JournalKeeper implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger(JournalKeeper.class);
    private static final long ROUND_NANOS = 50_000_000;
    private static final String FULL = "journal-full";

    private final Journal journal;
    private final long maxBytes;
    private final LongSupplier acknowledged;
    private final Consumer<Throwable> onFailure;
    private final Counter fullCloses;

    private volatile @Nullable FeedGate feed;
    private volatile boolean feedWaits;
    private volatile boolean full;
    private volatile boolean stopped;
    private volatile Thread thread = Thread.currentThread();

    /**
     * Creates a keeper.
     *
     * @param acknowledged the position below which everything is acknowledged
     */
    JournalKeeper(
            Journal journal,
            long maxBytes,
            LongSupplier acknowledged,
            MetricRegistry metrics,
            Consumer<Throwable> onFailure) {
        this.journal = journal;
        this.maxBytes = maxBytes;
        this.acknowledged = acknowledged;
        this.onFailure = onFailure;
        fullCloses = metrics.counter("journal.full-closes");
    }

    /** Names the feed that is held to the journal's bounds. */
    void holds(FeedGate newFeed) {
        feed = newFeed;
    }

    /** Keeps a feed that has not been opened yet closed if the journal is at its bound; before the thread runs. */
    void look() {
        FeedGate held = feed;
        if (held != null) {
            holdToBound(held);
        }
    }

    @Override
    public void run() {
        thread = Thread.currentThread();
        try {
            while (!stopped) {
                journal.maintain(acknowledged.getAsLong(), false);
                FeedGate held = feed;
                if (held != null) {
                    resumeWhenThereIsRoom(held);
                    holdToBound(held);
                }
                LockSupport.parkNanos(this, ROUND_NANOS);
            }
        } catch (RuntimeException | Error e) {
            onFailure.accept(e);
        }
    }

    private void resumeWhenThereIsRoom(FeedGate held) {
        if (feedWaits && journal.appender().hasRoom()) {
            feedWaits = false;
            held.resume();
        }
    }

    private void holdToBound(FeedGate held) {
        long position = acknowledged.getAsLong();
        if (!full && journal.isFull(position)) {
            full = true;
            fullCloses.inc();
            LOG.error(
                    "journal full, feed closed unacknowledged={} bound={} (it reopens when half is acknowledged; see why Kinesis does not take records, or raise journal.max-bytes)",
                    journal.endPosition() - position,
                    maxBytes);
            held.close(FULL);
        } else if (full && journal.endPosition() - position < maxBytes / 2) {
            full = false;
            LOG.warn("journal half drained, feed reopens unacknowledged={}", journal.endPosition() - position);
            held.open(FULL);
        }
    }

    /** The feed has stopped reading because no segment was ready. Event loop. */
    void feedWaits() {
        feedWaits = true;
        LockSupport.unpark(thread);
    }

    /** Whether the feed is closed because the journal is at its bound. */
    boolean isFull() {
        return full;
    }

    /** Ends the thread after its round. */
    void stop() {
        stopped = true;
        LockSupport.unpark(thread);
    }
}
