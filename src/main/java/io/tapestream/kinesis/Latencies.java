package io.tapestream.kinesis;

import com.codahale.metrics.Histogram;
import com.codahale.metrics.Snapshot;
import com.codahale.metrics.UniformReservoir;
import org.HdrHistogram.Recorder;

/**
 * How long trades took from their receipt to what their user record has come to, since the start, in milliseconds or in
 * microseconds; each trade counts once. Recorded by one thread, which never waits; read by any.
 */
public final class Latencies extends Histogram {
    /**
     * A longer one counts as this long: a backlog may be as old, in milliseconds, as its stream's longest retention.
     */
    private static final long LONGEST = 366L * 24 * 3600 * 1000;

    private static final int SIGNIFICANT_DIGITS = 2;

    private final Recorder recorder = new Recorder(LONGEST, SIGNIFICANT_DIGITS);
    private final org.HdrHistogram.Histogram total = new org.HdrHistogram.Histogram(LONGEST, SIGNIFICANT_DIGITS);

    Latencies() {
        // The reservoir of the superclass stays empty: it cannot take a weight.
        super(new UniformReservoir(1));
    }

    /** Records a user record's latency for each of its trades; a negative one, of a clock set back, as none. */
    void update(long latency, int trades) {
        recorder.recordValueWithCount(Math.min(Math.max(latency, 0), LONGEST), trades);
    }

    @Override
    public void update(int millis) {
        update(millis, 1);
    }

    @Override
    public void update(long millis) {
        update(millis, 1);
    }

    @Override
    public long getCount() {
        return copy().getTotalCount();
    }

    @Override
    public Snapshot getSnapshot() {
        return new LatencySnapshot(copy());
    }

    /** The latency that this share of trades did not exceed; 0 before the first. */
    public long percentile(double percent) {
        return copy().getValueAtPercentile(percent);
    }

    private synchronized org.HdrHistogram.Histogram copy() {
        total.add(recorder.getIntervalHistogram());
        return total.copy();
    }
}
