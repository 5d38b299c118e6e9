package io.tapestream.lease;

import com.codahale.metrics.MetricRegistry;
import io.tapestream.feed.KeyLease;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A host that goes after the lease, whose thread is stepped by the test, and whose clock is its own. */
final class LeaseHost implements KeyLease.Holder {
    final FakeLeaseTable.Rows rows;
    final MetricRegistry metrics = new MetricRegistry();
    final LeaseKeeper keeper;
    final List<String> told = new ArrayList<>();
    final List<Throwable> failures = new ArrayList<>();
    /** Its monotonic clock, which began whenever the host did. */
    long nanos;

    private long dueNanos;
    private KeyLease.@Nullable Grant grant;

    LeaseHost(String name, FakeLeaseTable table, LeaseSettings settings, long startNanos, Instant wall) {
        nanos = startNanos;
        dueNanos = startNanos;
        rows = table.rows(name, settings.duration());
        keeper = new LeaseKeeper(
                settings, rows, new LeaseKeeper.Clocks(InstantSource.fixed(wall), () -> nanos), metrics, failures::add);
    }

    static LeaseSettings settings(int durationSeconds) {
        return new LeaseSettings(
                "TapestreamLeases",
                "us-east-1",
                null,
                null,
                true,
                Duration.ofSeconds(durationSeconds),
                Duration.ofSeconds(5),
                Duration.ofSeconds(5));
    }

    @Override
    public void onGranted(KeyLease.Grant granted) {
        grant = granted;
        told.add("granted");
    }

    @Override
    public void onLost() {
        told.add("lost");
    }

    LeaseHost wants() {
        keeper.want(this);
        return steps();
    }

    LeaseHost givesBack() {
        keeper.giveBack();
        return steps();
    }

    /** Its thread is woken. */
    LeaseHost steps() {
        long wait;
        int rounds = 0;
        while ((wait = keeper.step()) <= 0) {
            if (++rounds == 10) {
                throw new AssertionError("keeper does not wait");
            }
        }
        dueNanos = wait == Long.MAX_VALUE ? Long.MAX_VALUE : nanos + wait;
        return this;
    }

    /** Its clock goes on; its thread does what is due, unless the host is frozen meanwhile. */
    void passes(Duration time, boolean isFrozen) {
        nanos += time.toNanos();
        if (!isFrozen && dueNanos != Long.MAX_VALUE && nanos - dueNanos >= 0) {
            steps();
        }
    }

    /** The last one. */
    KeyLease.Grant grant() {
        return Objects.requireNonNull(grant);
    }

    boolean mayHaveASocket() {
        return grant != null && !grant.isOver();
    }

    long count(String metric) {
        return metrics.counter("lease." + metric).getCount();
    }
}
