package io.tapestream.bench;

import java.util.List;

/** Another design that publishes the same lines. */
interface Baseline extends AutoCloseable {
    /**
     * Publishes every trade of the frames, so many at once as it is told; returns when all are acknowledged.
     *
     * @return nanoseconds that it took, getting ready left out
     */
    long publish(List<Frames.Text> frames, int concurrency) throws InterruptedException;

    @Override
    void close();
}
