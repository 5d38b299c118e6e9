package io.tapestream.feed;

import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** A lease that a test grants and ends. */
final class ManualLease implements KeyLease {
    /** One grant of it, which is over when the test says so, told or not. */
    static final class ManualGrant implements Grant {
        private volatile long remainingNanos = Long.MAX_VALUE - 1;

        @Override
        public long remainingNanos() {
            return remainingNanos;
        }

        /** Runs out without a word, as for a process that was frozen. */
        void runsOut() {
            remainingNanos = 0;
        }

        /** Has so long to go, and never less. */
        void hasNanos(long nanos) {
            remainingNanos = nanos;
        }
    }

    private final AtomicInteger givenBack = new AtomicInteger();
    private volatile @Nullable Holder holder;
    private volatile @Nullable ManualGrant last;

    @Override
    public void want(Holder newHolder) {
        holder = newHolder;
    }

    @Override
    public void giveBack() {
        holder = null;
        givenBack.incrementAndGet();
        ManualGrant given = last;
        if (given != null) {
            given.runsOut();
        }
    }

    boolean isWanted() {
        return holder != null;
    }

    int timesGivenBack() {
        return givenBack.get();
    }

    ManualGrant grant() {
        return grant(new ManualGrant());
    }

    ManualGrant grant(ManualGrant granted) {
        last = granted;
        holder().onGranted(granted);
        return granted;
    }

    void lose(ManualGrant grant) {
        grant.runsOut();
        holder().onLost();
    }

    /** Whoever wants it now. */
    Holder holder() {
        Holder wanting = holder;
        if (wanting == null) {
            throw new AssertionError("lease not wanted");
        }
        return wanting;
    }
}
