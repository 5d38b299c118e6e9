package io.tapestream.lease;

import io.tapestream.feed.KeyLease;
import java.util.function.LongSupplier;

/**
 * A grant that ends at a time by the monotonic clock, which renewals move, or when it is ended. Renewed by one thread;
 * safe for use by several.
 */
final class TimedGrant implements KeyLease.Grant {
    private final LongSupplier nanos;
    private volatile long endNanos;
    private volatile boolean isEnded;

    TimedGrant(LongSupplier nanos, long endNanos) {
        this.nanos = nanos;
        this.endNanos = endNanos;
    }

    @Override
    public long remainingNanos() {
        return isEnded ? 0 : endNanos - nanos.getAsLong();
    }

    /** Moves the end, unless it has been reached. Renewing thread. */
    void renew(long newEndNanos) {
        if (!isOver()) {
            endNanos = newEndNanos;
        }
    }

    /** Whether it was ended, and has not only run out. */
    boolean isEnded() {
        return isEnded;
    }

    /** Ends it for good. */
    void end() {
        isEnded = true;
    }
}
