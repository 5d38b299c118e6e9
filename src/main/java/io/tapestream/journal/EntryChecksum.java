package io.tapestream.journal;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/**
 * Computes the checksum of entries, seeded with their position, so that an entry is valid at one place only. Confined
 * to one thread; allocates nothing.
 */
final class EntryChecksum {
    private static final int SEED_LENGTH = Long.BYTES + Integer.BYTES;
    private static final int HEAD_LENGTH = EntryLayout.PAYLOAD - EntryLayout.TYPE;

    private final CRC32C crc = new CRC32C();

    /** Position and length, and behind them what precedes the payload of an entry that is not written yet. */
    private final ByteBuffer seed =
            ByteBuffer.allocate(SEED_LENGTH + HEAD_LENGTH).order(ByteOrder.LITTLE_ENDIAN);

    /** The checksum of the entry of {@code length} bytes at {@code offset}, which stands at {@code position}. */
    int of(ByteBuffer view, int offset, int length, long position) {
        seed.putLong(0, position).putInt(Long.BYTES, length);
        crc.reset();
        crc.update(seed.array(), 0, SEED_LENGTH);
        view.limit(offset + length).position(offset + EntryLayout.TYPE);
        crc.update(view);
        view.clear();
        return (int) crc.getValue();
    }

    /**
     * The checksum of an entry to be written at {@code position}. It is taken from the payload where it comes from,
     * between position and limit, which stay as they are: reading what was just written to a mapped page waits for it.
     *
     * @param kind type and flags, as they stand in the entry
     */
    int of(long position, long kind, long session, long receivedAtMillis, ByteBuffer payload) {
        seed.putLong(0, position)
                .putInt(Long.BYTES, EntryLayout.PAYLOAD + payload.remaining())
                .putLong(SEED_LENGTH, kind)
                .putLong(SEED_LENGTH + EntryLayout.SESSION - EntryLayout.TYPE, session)
                .putLong(SEED_LENGTH + EntryLayout.RECEIVED_AT - EntryLayout.TYPE, receivedAtMillis);
        crc.reset();
        crc.update(seed.array());
        int start = payload.position();
        crc.update(payload);
        payload.position(start);
        return (int) crc.getValue();
    }
}
