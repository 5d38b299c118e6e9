package io.tapestream.replay;

/**
 * Says when the next frame is due. It is told the time, so it needs no clock.
 *
 * <p>What was missed while the market could not send is made up in a burst only up to {@link Speed#maxLate}: the pace
 * falls behind by at most so much, and from there on the market's clock is moved.
 */
final class Pace {
    private static final double NANOS_PER_MILLI = 1e6;
    private static final double NANOS_PER_SECOND = 1e9;

    private final Speed speed;
    private final double maxLateNanos;
    private double dueNanos;

    Pace(Speed speed, long startNanos) {
        this.speed = speed;
        maxLateNanos = speed.maxLate().toNanos();
        dueNanos = startNanos;
    }

    /** How long the frame that is next has to wait, 0 if it may go. */
    long waitNanos(long nowNanos) {
        dueNanos = Math.max(dueNanos, nowNanos - maxLateNanos);
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
