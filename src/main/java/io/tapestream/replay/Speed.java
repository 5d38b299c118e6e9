package io.tapestream.replay;

/**
 * How fast captures are played.
 *
 * @param kind what {@code value} means
 * @param value factor or trades a second; 0 where it means nothing
 */
public record Speed(Kind kind, double value) {
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
    }

    /** As fast as the frames were received. */
    public static Speed original() {
        return new Speed(Kind.FACTOR, 1);
    }

    /** A multiple of the original speed. */
    public static Speed factor(double factor) {
        return new Speed(Kind.FACTOR, factor);
    }

    /** A number of trades a second, counted as they go out. */
    public static Speed rate(double tradesPerSecond) {
        return new Speed(Kind.RATE, tradesPerSecond);
    }

    /** As fast as the clients read. */
    public static Speed max() {
        return new Speed(Kind.MAX, 0);
    }
}
