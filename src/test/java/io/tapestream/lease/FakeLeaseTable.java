package io.tapestream.lease;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** The row of one key that several holders go after, in memory. It says nothing when it is told to. */
final class FakeLeaseTable {
    /** What becomes of a call. */
    enum Network {
        /** It is made, and answered. */
        GOOD,
        /** It is not made. */
        CUT,
        /** It is made, and its answer is lost. */
        LOSES_ANSWERS
    }

    private @Nullable LeaseRow row;
    private long version;
    int calls;

    /** The row as one holder reaches it. */
    final class Rows implements LeaseRows {
        private final Holder holder;
        private final Duration duration;
        Network network = Network.GOOD;
        Runnable beforeTheAnswer = () -> {};
        boolean isClosed;

        private Rows(Holder holder, Duration duration) {
            this.holder = holder;
            this.duration = duration;
        }

        @Override
        public @Nullable LeaseRow claim(long sinceMillis, @Nullable LeaseRow expired) throws LeaseUnansweredException {
            calls++;
            if (network == Network.CUT) {
                throw new LeaseUnansweredException("cut");
            }
            LeaseRow had = row;
            boolean isFree = had == null || had.holder().equals(holder) || had.equals(expired);
            if (isFree) {
                row = new LeaseRow(holder, sinceMillis, ++version, duration);
            }
            answer();
            return isFree ? null : had;
        }

        @Override
        public void probe() throws LeaseUnansweredException {
            calls++;
            if (network != Network.GOOD) {
                throw new LeaseUnansweredException("no answer");
            }
        }

        @Override
        public void release() throws LeaseUnansweredException {
            calls++;
            if (network == Network.CUT) {
                throw new LeaseUnansweredException("cut");
            }
            if (row != null && row.holder().equals(holder)) {
                row = null;
            }
            answer();
        }

        private void answer() throws LeaseUnansweredException {
            beforeTheAnswer.run();
            if (network == Network.LOSES_ANSWERS) {
                throw new LeaseUnansweredException("answer lost");
            }
        }

        @Override
        public void close() {
            isClosed = true;
        }
    }

    Rows rows(String host, Duration duration) {
        return new Rows(new Holder("run-on-" + host, host, 1), duration);
    }

    /** Which host has it; null for none. */
    @Nullable String holder() {
        return row == null ? null : row.holder().host();
    }

    /** Somebody deletes the row by hand. */
    void delete() {
        row = null;
    }
}
