package io.tapestream.record;

import java.nio.ByteBuffer;

/** One packed user record. Confined to the publisher thread; its bytes do not change until it is released. */
public final class UserRecord {
    UserRecord() {}

    /** The lines; a view of its own at each call, so that a consumer may move its position. */
    public ByteBuffer payload() {
        throw new UnsupportedOperationException("payload");
    }

    /** Bytes of the payload. */
    public int length() {
        throw new UnsupportedOperationException("length");
    }

    /** Bytes of memory it holds until it is released, at least {@link #length()}. */
    public int capacity() {
        throw new UnsupportedOperationException("capacity");
    }

    /** Number of its lines. */
    public int tradeCount() {
        throw new UnsupportedOperationException("tradeCount");
    }

    /** Its bucket, as text. */
    public String partitionKey() {
        throw new UnsupportedOperationException("partitionKey");
    }

    /** The middle of its bucket's slice of the hash range, decimal. */
    public String explicitHashKey() {
        throw new UnsupportedOperationException("explicitHashKey");
    }

    /** Receive time of its oldest trade, epoch milliseconds. */
    public long oldestReceivedAtMillis() {
        throw new UnsupportedOperationException("oldestReceivedAtMillis");
    }

    /** Gives its memory back for the next record; once, when it is acknowledged. */
    public void release() {
        throw new UnsupportedOperationException("release");
    }
}
