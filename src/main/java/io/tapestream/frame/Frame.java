package io.tapestream.frame;

import java.nio.ByteBuffer;

/**
 * One WebSocket message as received, with its receive time, where it lies in a buffer.
 *
 * <p>A flyweight: whoever hands it out wraps it anew for each message, so it is valid only until then. Absolute reads
 * only; position and limit of the buffer carry no meaning.
 */
public final class Frame {
    private ByteBuffer buffer = ByteBuffer.allocate(0);
    private int offset;
    private int length;
    private long session;
    private long receivedAtMillis;
    private boolean keepsRedelivered;

    /** Points this frame at {@code length} bytes from {@code offset} of {@code buffer}. */
    public Frame wrap(ByteBuffer newBuffer, int newOffset, int newLength) {
        buffer = newBuffer;
        offset = newOffset;
        length = newLength;
        return this;
    }

    /**
     * Sets what the journal knows of the frame: its session, whether that session keeps redelivered frames, and its
     * receive time.
     */
    public Frame of(long newSession, boolean newKeepsRedelivered, long newReceivedAtMillis) {
        session = newSession;
        keepsRedelivered = newKeepsRedelivered;
        receivedAtMillis = newReceivedAtMillis;
        return this;
    }

    /** The buffer the bytes lie in. */
    public ByteBuffer buffer() {
        return buffer;
    }

    /** Where the bytes begin in {@link #buffer()}. */
    public int offset() {
        return offset;
    }

    /** How many bytes the message has. */
    public int length() {
        return length;
    }

    /** The number of the session it was received in. */
    public long session() {
        return session;
    }

    /** Whether its session publishes frames that were delivered before. */
    public boolean keepsRedelivered() {
        return keepsRedelivered;
    }

    /** When it arrived, epoch milliseconds. */
    public long receivedAtMillis() {
        return receivedAtMillis;
    }
}
