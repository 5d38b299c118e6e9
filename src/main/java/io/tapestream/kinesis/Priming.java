package io.tapestream.kinesis;

/**
 * Holds records back until the KPL has the shard map. Confined to the publisher thread.
 *
 * <p>Without the map the KPL puts every user record un-aggregated, a stream record each. So in each round one record is
 * let out alone; its acknowledgement shows that the KPL reaches the stream, and after a short wait the way is open. A
 * round begins with every producer, and when its daemon or the shards have changed.
 */
final class Priming {
    /** The KPL asks for the map and for the first record's put at once, and gives no sign when the map has come. */
    private static final long SETTLE_NANOS = 200_000_000;

    private enum State {
        CLOSED,
        PROBING,
        SETTLING,
        OPEN
    }

    private State state = State.CLOSED;
    private int round;
    private long openNanos;

    /** Begins a new round. */
    void restart() {
        round++;
        state = State.CLOSED;
    }

    int round() {
        return round;
    }

    /** Whether the record that opens the way has yet to be put. */
    boolean isClosed() {
        return state == State.CLOSED;
    }

    /** Whether a record may be put now. */
    boolean letsOut(long nowNanos) {
        return isClosed() || isOpen(nowNanos);
    }

    boolean isOpen(long nowNanos) {
        if (state == State.SETTLING && nowNanos - openNanos >= 0) {
            state = State.OPEN;
        }
        return state == State.OPEN;
    }

    /** A record was put. */
    void onPut() {
        if (state == State.CLOSED) {
            state = State.PROBING;
        }
    }

    /** A record that was put in the given round has its result. */
    void onResult(int putRound, boolean acknowledged, long nowNanos) {
        if (putRound == round && state == State.PROBING) {
            state = acknowledged ? State.SETTLING : State.CLOSED;
            openNanos = nowNanos + SETTLE_NANOS;
        }
    }

    /** Nanoseconds until records may be put without a result coming first; {@link Long#MAX_VALUE} if they may not. */
    long nanosToLetOut(long nowNanos) {
        if (letsOut(nowNanos)) {
            return 0;
        }
        return state == State.SETTLING ? openNanos - nowNanos : Long.MAX_VALUE;
    }

    /** Nanoseconds until the way opens by itself; {@link Long#MAX_VALUE} if it is open or a result must come first. */
    long nanosToOpen(long nowNanos) {
        return isOpen(nowNanos) || state != State.SETTLING ? Long.MAX_VALUE : openNanos - nowNanos;
    }
}
