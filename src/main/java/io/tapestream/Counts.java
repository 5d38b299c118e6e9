package io.tapestream;

import com.codahale.metrics.Counting;
import com.codahale.metrics.Gauge;
import com.codahale.metrics.Metric;
import com.codahale.metrics.MetricRegistry;
import java.util.Map;

/** Reads the pipeline's metrics by name, for progress, health and the summary: one source for all three. */
final class Counts {
    private final MetricRegistry metrics;

    Counts(MetricRegistry metrics) {
        this.metrics = metrics;
    }

    /** The count or value of a metric; 0 if nothing has touched it yet. */
    long of(String name) {
        Metric metric = metrics.getMetrics().get(name);
        if (metric instanceof Counting counting) {
            return counting.getCount();
        }
        return metric instanceof Gauge<?> gauge && gauge.getValue() instanceof Number number ? number.longValue() : 0;
    }

    /** The sum of all metrics whose name begins so. */
    long sumOf(String prefix) {
        long sum = 0;
        for (Map.Entry<String, Metric> metric : metrics.getMetrics().entrySet()) {
            if (metric.getKey().startsWith(prefix) && metric.getValue() instanceof Counting counting) {
                sum += counting.getCount();
            }
        }
        return sum;
    }
}
