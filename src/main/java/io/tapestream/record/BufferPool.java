package io.tapestream.record;

import com.codahale.metrics.Counter;
import java.util.ArrayDeque;

/**
 * Keeps the memory of released user records for the next ones, in size classes that double from 1 KiB up to the longest
 * record.
 *
 * <p>Idle memory is bounded: at the bound a buffer that comes back is left to the garbage collector, and counted.
 */
final class BufferPool {
    private static final int SMALLEST = 1 << 10;

    private final int largest;
    private final long maxIdleBytes;
    private final Counter dropped;
    private final ArrayDeque<byte[]>[] idle;
    private long idleBytes;

    @SuppressWarnings({"unchecked", "rawtypes"}) // an array of queues, filled here and seen by nobody else
    BufferPool(int largest, long maxIdleBytes, Counter dropped) {
        this.largest = largest;
        this.maxIdleBytes = maxIdleBytes;
        this.dropped = dropped;
        this.idle = new ArrayDeque[sizeClass(largest) + 1];
        for (int i = 0; i < idle.length; i++) {
            idle[i] = new ArrayDeque<>();
        }
    }

    /** A buffer of the smallest class that holds {@code length} bytes, which is at most the largest. */
    byte[] take(int length) {
        int sizeClass = sizeClass(length);
        byte[] buffer = idle[sizeClass].pollLast();
        if (buffer == null) {
            return new byte[Math.min(largest, SMALLEST << sizeClass)];
        }
        idleBytes -= buffer.length;
        return buffer;
    }

    /** Takes back a buffer that came from {@link #take}. */
    void give(byte[] buffer) {
        if (idleBytes + buffer.length > maxIdleBytes) {
            dropped.inc();
            return;
        }
        idleBytes += buffer.length;
        idle[sizeClass(buffer.length)].addLast(buffer);
    }

    private static int sizeClass(int length) {
        int kibibytes = (length + SMALLEST - 1) / SMALLEST;
        return 32 - Integer.numberOfLeadingZeros(Math.max(1, kibibytes) - 1);
    }
}
