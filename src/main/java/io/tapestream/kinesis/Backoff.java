package io.tapestream.kinesis;

import java.time.Duration;
import java.util.random.RandomGenerator;

/** Waits that are random below a bound, which doubles with each failure up to a cap (full jitter). */
final class Backoff {
    private final long minNanos;
    private final long maxNanos;
    private final RandomGenerator random;

    Backoff(Duration min, Duration max, RandomGenerator random) {
        this.minNanos = min.toNanos();
        this.maxNanos = max.toNanos();
        this.random = random;
    }

    /** A wait after this many failures in a row, 1 or more. */
    long nanosAfter(int failures) {
        int doublings = Math.min(failures - 1, Long.numberOfLeadingZeros(minNanos) - 1);
        long bound = Math.min(minNanos << doublings, maxNanos);
        return random.nextLong(bound + 1);
    }
}
