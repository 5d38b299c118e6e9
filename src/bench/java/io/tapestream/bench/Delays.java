package io.tapestream.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.HistogramIterationValue;

/** How long trades took, microseconds: every trade counts once, from when it was due, whatever came before it. */
final class Delays {
    private static final long LONGEST_MICROS = 3_600_000_000L;
    private static final int SIGNIFICANT_DIGITS = 3;
    private static final int TICKS_PER_HALVING = 4;

    private final Histogram micros = new Histogram(LONGEST_MICROS, SIGNIFICANT_DIGITS);

    /** Notes one; a negative one, of times that are whole milliseconds, as none. */
    void note(long delayMicros) {
        micros.recordValue(Math.min(Math.max(delayMicros, 0), LONGEST_MICROS));
    }

    /** The percentiles that are told, and points of the whole distribution: percentile and microseconds. */
    Map<String, Object> summary() {
        Map<String, Object> summary = new LinkedHashMap<>();
        summary.put("count", micros.getTotalCount());
        if (micros.getTotalCount() > 0) {
            summary.put("p50", micros.getValueAtPercentile(50));
            summary.put("p99", micros.getValueAtPercentile(99));
            summary.put("p999", micros.getValueAtPercentile(99.9));
            summary.put("max", micros.getMaxValue());
            List<double[]> points = new ArrayList<>();
            for (HistogramIterationValue value : micros.percentiles(TICKS_PER_HALVING)) {
                points.add(new double[] {value.getPercentile(), value.getValueIteratedTo()});
            }
            summary.put("points", points);
        }
        return summary;
    }
}
