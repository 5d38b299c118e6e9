package io.tapestream.table;

/** Waits before something is asked again. */
@FunctionalInterface
public interface Pause {
    /** Returns after so many nanoseconds. */
    void forNanos(long nanos) throws InterruptedException;
}
