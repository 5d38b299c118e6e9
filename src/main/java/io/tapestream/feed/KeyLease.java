package io.tapestream.feed;

/**
 * The right to have a socket of the key open, among all hosts; on this host there is the lock of {@link KeyLock}
 * besides.
 *
 * <p>Nothing here waits: it is asked on the event loop.
 */
public interface KeyLease {
    /** Goes after the lease, and again after each loss, until {@link #giveBack()}; tells the holder of each grant. */
    void want(Holder holder);

    /** Goes after it no longer, and ends what was granted: no socket is open, and somebody else may have the key. */
    void giveBack();

    /** Takes what becomes of the wish; called on any thread. */
    interface Holder {
        /** It is ours, as long as the grant says. */
        void onGranted(Grant grant);

        /** The last grant is over before it was given back. */
        void onLost();
    }

    /** One time that the lease is ours. Once it is over it stays so: the next time is another grant. */
    @FunctionalInterface
    interface Grant {
        /** Nanoseconds from now for which a socket may be open, unless they become more; not above 0: none may. */
        long remainingNanos();

        /** Whether no socket may be open any more. */
        default boolean isOver() {
            return remainingNanos() <= 0;
        }
    }

    /** A lease that nobody else is after: one host only uses the key. */
    static KeyLease ofOneHost() {
        return new KeyLease() {
            @Override
            public void want(Holder holder) {
                holder.onGranted(() -> Long.MAX_VALUE);
            }

            @Override
            public void giveBack() {
                // it is nobody else's
            }
        };
    }
}
