package io.tapestream.record;

import com.codahale.metrics.MetricRegistry;
import io.tapestream.frame.Frame;

/** Turns frames into packed user records: identity, validation, encoding, buckets. Confined to the publisher thread. */
public final class RecordPacker {
    /** Metrics are those of docs/OPERATIONS.md under {@code record.}. */
    public RecordPacker(RecordSettings settings, UserRecordHandler handler, MetricRegistry metrics) {
        throw new UnsupportedOperationException("RecordPacker");
    }

    /**
     * Takes a frame below the position that is published from, for identity only: nothing is packed and nothing
     * counted.
     */
    public void warmUp(Frame frame, long segment, long position) {
        throw new UnsupportedOperationException("warmUp");
    }

    /** Takes the next frame of the journal; hands out each pack that it fills. */
    public void onFrame(Frame frame, long segment, long position) {
        throw new UnsupportedOperationException("onFrame");
    }

    /** Hands out all packs begun. */
    public void flush() {
        throw new UnsupportedOperationException("flush");
    }
}
