package io.tapestream.kinesis;

import com.codahale.metrics.MetricRegistry;
import io.tapestream.record.UserRecord;
import java.time.InstantSource;
import java.util.function.Supplier;
import software.amazon.kinesis.producer.IKinesisProducer;

/**
 * Puts user records until each is acknowledged, and knows the position below which all are.
 *
 * <p>Confined to the publisher thread but for {@link #acknowledgedPosition()}; a producer's callback only queues its
 * result and wakes that thread.
 */
public final class UserRecordPutter implements AutoCloseable {
    /**
     * Creates a putter that builds its producer at the first {@link #poll()}.
     *
     * @param producers builds a producer; called again after a producer was lost
     * @param wakeUp wakes the publisher thread; any thread, must not block
     */
    public UserRecordPutter(
            KinesisSettings settings,
            Supplier<IKinesisProducer> producers,
            InstantSource clock,
            Runnable wakeUp,
            MetricRegistry metrics) {
        throw new UnsupportedOperationException("UserRecordPutter");
    }

    /** Whether the bounds allow another batch; while the producer is being primed only one record is let out. */
    public boolean hasRoom() {
        throw new UnsupportedOperationException("hasRoom");
    }

    /**
     * Puts a record of the current batch; it is released once acknowledged. Over the bound it is taken all the same, so
     * ask {@link #hasRoom()} first.
     */
    public void put(UserRecord userRecord) {
        throw new UnsupportedOperationException("put");
    }

    /** Ends a batch: every trade below {@code position} has been put. */
    public void endBatch(long position) {
        throw new UnsupportedOperationException("endBatch");
    }

    /**
     * Handles queued results, puts again what is due, primes and rebuilds the producer; returns how many things it did.
     */
    public int poll() {
        throw new UnsupportedOperationException("poll");
    }

    /**
     * Nanoseconds until {@link #poll()} has something to do of its own accord; {@link Long#MAX_VALUE} if it has not.
     */
    public long nanosToNextWork() {
        throw new UnsupportedOperationException("nanosToNextWork");
    }

    /** The position below which everything is acknowledged, at least the one it began with; any thread. */
    public long acknowledgedPosition() {
        throw new UnsupportedOperationException("acknowledgedPosition");
    }

    /** User records put and not acknowledged; any thread. */
    public int outstandingRecords() {
        throw new UnsupportedOperationException("outstandingRecords");
    }

    /** Destroys the producer; what is not acknowledged stays so. */
    @Override
    public void close() {
        throw new UnsupportedOperationException("close");
    }
}
