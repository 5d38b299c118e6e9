package io.tapestream.journal;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/**
 * Computes the checksum of entries, seeded with their position, so that an entry is valid at one place only. Confined
 * to one thread; allocates nothing.
 */
final class EntryChecksum {
    private final CRC32C crc = new CRC32C();
    private final ByteBuffer seed =
            ByteBuffer.allocate(Long.BYTES + Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);

    /** The checksum of the entry of {@code length} bytes at {@code offset}, which stands at {@code position}. */
    int of(ByteBuffer view, int offset, int length, long position) {
        seed.putLong(0, position).putInt(Long.BYTES, length);
        crc.reset();
        crc.update(seed.array());
        view.limit(offset + length).position(offset + EntryLayout.TYPE);
        crc.update(view);
        view.clear();
        return (int) crc.getValue();
    }
}
