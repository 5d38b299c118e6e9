package io.tapestream.kinesis;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BackoffTest {
    private final Backoff backoff = new Backoff(Duration.ofMillis(100), Duration.ofSeconds(5), new Random(3));

    @ParameterizedTest
    @CsvSource({"1, 100", "2, 200", "3, 400", "6, 3200", "7, 5000", "63, 5000", "1000000, 5000"})
    void theBoundDoublesUpToTheCap(int failures, long boundMillis) {
        LongStream waits = LongStream.range(0, 2000).map(i -> backoff.nanosAfter(failures));

        long boundNanos = Duration.ofMillis(boundMillis).toNanos();
        assertThat(waits.summaryStatistics()).satisfies(statistics -> {
            assertThat(statistics.getMin()).isBetween(0L, boundNanos / 20);
            assertThat(statistics.getMax()).isBetween(boundNanos - boundNanos / 20, boundNanos);
        });
    }

    @Test
    void noWaitIsAllowed() {
        assertThat(new Backoff(Duration.ZERO, Duration.ZERO, new Random(3)).nanosAfter(5))
                .isZero();
    }
}
