package io.tapestream.kinesis;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class LatenciesTest {
    private final Latencies latencies = new Latencies();

    @Test
    void eachTradeOfARecordCounts() {
        latencies.update(10, 99);
        latencies.update(5000, 1);

        assertThat(latencies.getCount()).isEqualTo(100);
        assertThat(latencies.percentile(50)).isEqualTo(10);
        assertThat(latencies.percentile(99)).isEqualTo(10);
        assertThat(latencies.percentile(100)).isBetween(5000L, 5050L);
        assertThat(latencies.getSnapshot().getMedian()).isEqualTo(10);
        assertThat(latencies.getSnapshot().getMean()).isBetween(59.0, 61.0);
        assertThat(latencies.getSnapshot().getMax()).isBetween(5000L, 5050L);
        assertThat(latencies.getSnapshot().getMin()).isEqualTo(10);
    }

    @Test
    void readingDoesNotForget() {
        latencies.update(10, 1);
        assertThat(latencies.getCount()).isEqualTo(1);
        latencies.update(20, 1);

        assertThat(latencies.getCount()).isEqualTo(2);
        assertThat(latencies.getSnapshot().getMin()).isEqualTo(10);
    }

    @Test
    void aClockSetBackIsNoLatency() {
        latencies.update(-5000, 1);

        assertThat(latencies.percentile(100)).isZero();
    }

    @Test
    void anEndlessLatencyCountsAsTheLongest() {
        latencies.update(Long.MAX_VALUE, 1);

        assertThat(latencies.percentile(100)).isGreaterThan(366L * 24 * 3600 * 1000 - 1);
    }

    @Test
    void nothingYetReadsAsZero() {
        assertThat(latencies.percentile(99)).isZero();
        assertThat(latencies.getSnapshot().getMean()).isZero();
        assertThat(latencies.getSnapshot().getMin()).isZero();
        assertThat(latencies.getSnapshot().getStdDev()).isZero();
    }

    @Test
    void aReportMayBeDumped() {
        latencies.update(10);
        ByteArrayOutputStream output = new ByteArrayOutputStream();

        latencies.getSnapshot().dump(output);

        assertThat(output.toString(StandardCharsets.UTF_8)).contains("10.0");
    }
}
