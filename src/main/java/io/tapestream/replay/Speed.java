package io.tapestream.replay;

import java.time.Duration;

/**
 * How fast captures are played.
 *
 * @param kind what {@code value} means
 * @param value factor or trades a second; 0 where it means nothing
 * @param maxLate how much of the time in which nothing could be sent is made up at once; beyond that everything comes
 *     later
 */
public record Speed(Kind kind, double value, Duration maxLate) {
    private static final Duration USUAL_MAX_LATE = Duration.ofMillis(50);

    /** The ways to tell a speed. */
    public enum Kind {
        /** {@code value} times as fast as the frames were received. */
        FACTOR,
        /** {@code value} trades a second. */
        RATE,
        /** As fast as the clients read. */
        MAX
    }

    /** Checks the value. */
    public Speed {
        boolean isPositive = value > 0 && Double.isFinite(value);
        if (kind != Kind.MAX && !isPositive) {
            throw new IllegalArgumentException(
                    "speed not positive: kind=" + kind + " value=" + value + " (must be more than 0)");
        }
        if (maxLate.isNegative()) {
            throw new IllegalArgumentException("max late negative: value=" + maxLate);
        }
    }

    /** As fast as the frames were received. */
    public static Speed original() {
        return factor(1);
    }

    /** A multiple of the original speed. */
    public static Speed factor(double factor) {
        return new Speed(Kind.FACTOR, factor, USUAL_MAX_LATE);
    }

    /** A number of trades a second, counted as they go out. */
    public static Speed rate(double tradesPerSecond) {
        return new Speed(Kind.RATE, tradesPerSecond, USUAL_MAX_LATE);
    }

    /** As fast as the clients read. */
    public static Speed max() {
        return new Speed(Kind.MAX, 0, USUAL_MAX_LATE);
    }

    /** The same, but so much of lost time is made up at once. */
    public Speed makingUp(Duration newMaxLate) {
        return new Speed(kind, value, newMaxLate);
    }
}
