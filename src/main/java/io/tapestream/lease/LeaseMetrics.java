package io.tapestream.lease;

import com.codahale.metrics.Counter;
import com.codahale.metrics.Gauge;
import com.codahale.metrics.MetricRegistry;
import java.util.function.BooleanSupplier;

/** What a lease counts. */
final class LeaseMetrics {
    /** Times that it was taken; times that it was renewed. */
    final Counter grants;

    final Counter renewals;
    /** Calls that were not answered with yes or no. */
    final Counter failures;
    /** Times that it was over before it was given back. */
    final Counter losses;

    LeaseMetrics(MetricRegistry registry, BooleanSupplier isHeld) {
        grants = registry.counter("lease.grants");
        renewals = registry.counter("lease.renewals");
        failures = registry.counter("lease.failures");
        losses = registry.counter("lease.losses");
        Gauge<Integer> held = () -> isHeld.getAsBoolean() ? 1 : 0;
        registry.gauge("lease.held", () -> held);
    }
}
