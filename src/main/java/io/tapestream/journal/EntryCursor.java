package io.tapestream.journal;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Finds whole entries among the bytes of a segment. Confined to one thread; allocates nothing. */
final class EntryCursor {
    /** Reads and writes the first word of an entry, which publishes the rest of it to readers. */
    static final VarHandle WORD = MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private final EntryChecksum checksum = new EntryChecksum();

    /** The first whole entry at or after {@code from}, as its offset; -1 if there is none below {@code limit}. */
    int find(ByteBuffer view, long base, int from, int limit) {
        for (int offset = from; offset <= limit - EntryLayout.PAYLOAD; offset += EntryLayout.ALIGNMENT) {
            if (isEntry(view, base, offset, limit)) {
                return offset;
            }
        }
        return -1;
    }

    /** Whether a whole entry lies at {@code offset}. */
    boolean isEntry(ByteBuffer view, long base, int offset, int limit) {
        if (offset > limit - EntryLayout.PAYLOAD) {
            return false;
        }
        long word = (long) WORD.getAcquire(view, offset);
        int length = (int) word;
        return length >= EntryLayout.PAYLOAD
                && length <= limit - offset
                && EntryType.ofCode(view.get(offset + EntryLayout.TYPE)) != null
                && checksum.of(view, offset, length, base + offset) == (int) (word >>> Integer.SIZE);
    }

    /** Whether all bytes from {@code from} on are zero. */
    static boolean isZero(ByteBuffer view, int from, int limit) {
        int offset = from;
        for (; offset <= limit - Long.BYTES; offset += Long.BYTES) {
            if (view.getLong(offset) != 0) {
                return false;
            }
        }
        for (; offset < limit; offset++) {
            if (view.get(offset) != 0) {
                return false;
            }
        }
        return true;
    }
}
