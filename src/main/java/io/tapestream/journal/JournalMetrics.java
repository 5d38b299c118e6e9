package io.tapestream.journal;

import com.codahale.metrics.Counter;
import com.codahale.metrics.Gauge;
import com.codahale.metrics.MetricRegistry;
import java.util.Set;
import java.util.TreeSet;

/** The journal's metrics in a registry: counters that stay, and gauges that go when the journal is closed. */
final class JournalMetrics implements AutoCloseable {
    private final MetricRegistry registry;
    private final Set<String> gauges = new TreeSet<>();

    JournalMetrics(MetricRegistry registry) {
        this.registry = registry;
    }

    Counter holeBytes() {
        return registry.counter("journal.hole-bytes");
    }

    Counter roomWaits() {
        return registry.counter("journal.room-waits");
    }

    void gauge(String name, Gauge<Number> gauge) {
        registry.register(name, gauge);
        gauges.add(name);
    }

    @Override
    public void close() {
        gauges.forEach(registry::remove);
    }
}
