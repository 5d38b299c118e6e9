package io.tapestream.replay;

/**
 * Says when the next frame is due. It is told the time, so it needs no clock.
 *
 * <p>What was missed while the market could not send is not made up in a burst: the pace falls behind by at most
 * {@link #MAX_LATE_NANOS}, and from there on the market's clock is moved.
 */
final class Pace {
    /** How much of lost time is made up at once. */
    static final long MAX_LATE_NANOS = 50_000_000;

    private static final double NANOS_PER_MILLI = 1e6;
    private static final double NANOS_PER_SECOND = 1e9;

    private final Speed speed;
    private double dueNanos;

    Pace(Speed speed, long startNanos) {
        this.speed = speed;
        dueNanos = startNanos;
    }

    /** How long the frame that is next has to wait, 0 if it may go. */
    long waitNanos(long nowNanos) {
        dueNanos = Math.max(dueNanos, (double) nowNanos - MAX_LATE_NANOS);
        return Math.max(0, (long) Math.ceil(dueNanos - nowNanos));
    }

    /** A frame went out, with so many trades. */
    void sent(int trades) {
        if (speed.kind() == Speed.Kind.RATE) {
            dueNanos += trades * NANOS_PER_SECOND / speed.value();
        }
    }

    /** The next frame was received so long after the one before it. */
    void next(long gapMillis) {
        if (speed.kind() == Speed.Kind.FACTOR) {
            dueNanos += gapMillis * NANOS_PER_MILLI / speed.value();
        }
    }

    /** The next frame is due no earlier than so long from now, whatever the speed. */
    void rest(long nowNanos, long nanos) {
        dueNanos = Math.max(dueNanos, (double) nowNanos + nanos);
    }
}
