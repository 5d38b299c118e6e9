package io.tapestream.frame;

import java.nio.ByteBuffer;

/** Walks one message and notes where its trades lie. */
public final class FrameWalker {
    /** What a message turned out to be. */
    public enum Kind {
        /** Type {@code trade}; may hold no trade at all. */
        TRADES,
        /** Type {@code ping}. */
        PING,
        /** Type {@code error}. */
        ERROR,
        /** Valid JSON of another type or without one. */
        OTHER,
        /** Not a whole, valid JSON text. */
        BROKEN
    }

    /** Walks {@code length} bytes from {@code offset}; what {@link #trade} returned before is no longer valid. */
    public Kind walk(ByteBuffer buffer, int offset, int length) {
        throw new UnsupportedOperationException("walk");
    }

    /** The number of elements of {@code data} in the last message of kind TRADES, 0 for any other kind. */
    public int tradeCount() {
        throw new UnsupportedOperationException("tradeCount");
    }

    /** Points the one trade of this walker at element {@code index}, 0 to {@link #tradeCount()} - 1. */
    public Trade trade(int index) {
        throw new UnsupportedOperationException("trade");
    }

    /**
     * The text of the last message's type, cut to 32 characters, empty if it has none; allocates, so not for trades.
     */
    public String typeName() {
        throw new UnsupportedOperationException("typeName");
    }
}
