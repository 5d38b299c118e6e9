package io.tapestream.record;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Eight bytes at a time: short texts are copied and looked at in words, where a call for each text would cost more than
 * its bytes. Arrays need {@link #ROOM} bytes behind what is named.
 */
final class Words {
    /** Bytes that a copy may reach beyond a text. */
    static final int ROOM = 2 * Long.BYTES - 1;

    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private Words() {}

    /** The eight bytes from {@code at} on, the first the least significant. */
    static long get(byte[] bytes, int at) {
        return (long) LONG.get(bytes, at);
    }

    /** A mask of the first {@code count} bytes of a word, 0 to 8. */
    static long first(int count) {
        return count == Long.BYTES ? -1 : (1L << (count << 3)) - 1;
    }

    /**
     * Copies {@code length} bytes and some of what stands behind them; returns the end of the copy. Always at least two
     * words, so that most texts need no decision.
     */
    static int copy(byte[] from, int offset, int length, byte[] target, int targetOffset) {
        LONG.set(target, targetOffset, (long) LONG.get(from, offset));
        LONG.set(target, targetOffset + Long.BYTES, (long) LONG.get(from, offset + Long.BYTES));
        for (int i = 2 * Long.BYTES; i < length; i += Long.BYTES) {
            LONG.set(target, targetOffset + i, (long) LONG.get(from, offset + i));
        }
        return targetOffset + length;
    }
}
