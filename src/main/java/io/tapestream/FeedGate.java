package io.tapestream;

import io.tapestream.feed.FeedClient;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * Keeps the feed open while nothing wants it closed, whoever wants what in whatever order. Safe for use by several
 * threads; the one that closes the feed waits until its socket is closed.
 */
final class FeedGate {
    private static final String NOT_STARTED = "not-started";

    private final FeedClient feed;
    private final Set<String> reasons = new LinkedHashSet<>(Set.of(NOT_STARTED));
    private boolean closedForGood;

    FeedGate(FeedClient feed) {
        this.feed = feed;
    }

    /** Opens the feed for the first time, unless there is a reason against it. */
    void start() {
        open(NOT_STARTED);
    }

    /** Closes the feed until every reason is gone; the session ends with the first one. */
    synchronized void close(String reason) {
        boolean isOpen = reasons.isEmpty();
        reasons.add(reason);
        if (isOpen) {
            feed.close(reason);
        }
    }

    /** Takes a reason back, and opens the feed if it was the last one. */
    synchronized void open(String reason) {
        if (reasons.remove(reason) && reasons.isEmpty() && !closedForGood) {
            feed.open();
        }
    }

    /** Closes the feed; no reason that is taken back opens it again. */
    synchronized void closeForGood(String reason) {
        closedForGood = true;
        close(reason);
    }

    /** Goes on reading after the journal had no room. */
    void resume() {
        feed.resume();
    }
}
