package io.tapestream.record;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** One packed user record. Confined to the publisher thread; its bytes do not change until it is released. */
public final class UserRecord {
    private final BufferPool pool;
    private final String partitionKey;
    private final String explicitHashKey;
    private byte @Nullable [] buffer;
    private int length;
    private int tradeCount;
    private long oldestReceivedAtMillis = Long.MAX_VALUE;

    UserRecord(BufferPool pool, String partitionKey, String explicitHashKey) {
        this.pool = pool;
        this.partitionKey = partitionKey;
        this.explicitHashKey = explicitHashKey;
    }

    /**
     * Makes room for a further line at {@link #length()}, and {@link Words#ROOM} bytes behind it, and returns the
     * buffer to write it into.
     */
    byte[] room(int lineLength) {
        int needed = length + lineLength + Words.ROOM;
        byte[] old = buffer;
        if (old != null && old.length >= needed) {
            return old;
        }
        byte[] larger = pool.take(needed);
        if (old != null) {
            System.arraycopy(old, 0, larger, 0, length);
            pool.give(old);
        }
        buffer = larger;
        return larger;
    }

    /** Takes in the line that was written. */
    void add(int lineLength, long receivedAtMillis) {
        length += lineLength;
        tradeCount++;
        oldestReceivedAtMillis = Math.min(oldestReceivedAtMillis, receivedAtMillis);
    }

    /** The lines; a read-only view of its own at each call, so that a consumer may move its position. */
    public ByteBuffer payload() {
        return ByteBuffer.wrap(bytes(), 0, length).asReadOnlyBuffer();
    }

    /** Bytes of the payload. */
    public int length() {
        return length;
    }

    /** Bytes of memory it holds until it is released, at least {@link #length()}. */
    public int capacity() {
        return bytes().length;
    }

    /** Number of its lines. */
    public int tradeCount() {
        return tradeCount;
    }

    /** Its bucket, as text. */
    public String partitionKey() {
        return partitionKey;
    }

    /** The middle of its bucket's slice of the hash range, decimal. */
    public String explicitHashKey() {
        return explicitHashKey;
    }

    /** Receive time of its oldest trade, epoch milliseconds. */
    public long oldestReceivedAtMillis() {
        return oldestReceivedAtMillis;
    }

    /** Gives its memory back for the next record; once, when it is acknowledged. */
    public void release() {
        pool.give(bytes());
        buffer = null;
    }

    private byte[] bytes() {
        byte[] held = buffer;
        if (held == null) {
            throw new IllegalStateException("user record released: partitionKey=" + partitionKey + " tradeCount="
                    + tradeCount + " (its memory serves another one)");
        }
        return held;
    }
}
