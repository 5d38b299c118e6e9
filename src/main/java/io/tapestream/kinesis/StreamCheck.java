package io.tapestream.kinesis;

/** Asks, before anything is put, whether the stream can take aggregated records from here. */
public final class StreamCheck {
    /** What the endpoint said. */
    public enum Answer {
        /** The stream is there and takes records. */
        READY,
        /** Nobody answered; the stream may be fine. */
        UNREACHABLE
    }

    private StreamCheck() {}

    /**
     * Checks this host (architecture, C library, temporary directory) and then the stream; blocks for a bounded time.
     *
     * @throws StreamRefusedException stream not found, access denied, service-managed record distribution, temporary
     *     directory unusable, wrong architecture or C library
     */
    public static Answer check(KinesisSettings settings) {
        throw new UnsupportedOperationException("check");
    }
}
