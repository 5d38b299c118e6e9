package io.tapestream.table;

import java.util.random.RandomGenerator;

/** Waits that are random below a bound, which doubles with each failure in a row, and the most failures in a row. */
final class Backoff {
    private static final long FIRST_NANOS = 100_000_000;
    private static final long LONGEST_NANOS = 5_000_000_000L;
    private static final int MAX_FAILURES = 8;

    private final Pause pause;
    private final RandomGenerator random;
    private int failures;

    Backoff(Pause pause, RandomGenerator random) {
        this.pause = pause;
        this.random = random;
    }

    /** Something was answered: waits begin anew. */
    void succeed() {
        failures = 0;
    }

    /** Waits after a failure; returns false, at once, when there have been too many in a row. */
    boolean fail() throws InterruptedException {
        if (++failures >= MAX_FAILURES) {
            return false;
        }
        pause.forNanos(random.nextLong(Math.min(FIRST_NANOS << (failures - 1), LONGEST_NANOS) + 1));
        return true;
    }

    int failures() {
        return failures;
    }
}
