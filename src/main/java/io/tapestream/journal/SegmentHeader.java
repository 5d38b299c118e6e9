package io.tapestream.journal;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * What the first 512 bytes of a segment say. All numbers are little-endian; docs/JOURNAL.md tells what they mean.
 *
 * <pre>
 *   0           8         12        16               24       32           40        48     52     56
 *   +-----------+---------+---------+----------------+--------+------------+---------+------+------+-------+
 *   | "TAPEJRN" | version | 512     | segment length | base   | created at | session | CRC  | flag | names |
 *   +-----------+---------+---------+----------------+--------+------------+---------+------+------+-------+
 * </pre>
 *
 * The names are environment, feed and stream, each with its length in two bytes before it.
 *
 * @param owner whose journal it is
 * @param segmentLength length of the segment, this header included
 * @param base position of the segment's first byte
 * @param createdAtMillis when the segment was begun
 * @param session number of the session that was open then, 0 for none
 * @param flags flags of that session
 */
record SegmentHeader(JournalOwner owner, int segmentLength, long base, long createdAtMillis, long session, int flags) {
    static final int LENGTH = 512;

    private static final long MAGIC = 0x004e524a45504154L; // "TAPEJRN" and a zero byte
    private static final int VERSION_AT = 8;
    private static final int HEADER_LENGTH_AT = 12;
    private static final int SEGMENT_LENGTH_AT = 16;
    private static final int BASE_AT = 24;
    private static final int CREATED_AT = 32;
    private static final int SESSION_AT = 40;
    private static final int CHECKSUM_AT = 48;
    private static final int FLAGS_AT = 52;
    private static final int NAMES_AT = 56;

    /** Writes this header to the beginning of a segment that is zero there. */
    void writeTo(ByteBuffer view) {
        view.putInt(VERSION_AT, FormatVersion.WRITTEN);
        view.putInt(HEADER_LENGTH_AT, LENGTH);
        view.putLong(SEGMENT_LENGTH_AT, segmentLength);
        view.putLong(BASE_AT, base);
        view.putLong(CREATED_AT, createdAtMillis);
        view.putLong(SESSION_AT, session);
        view.putInt(FLAGS_AT, flags);
        int offset = putName(view, NAMES_AT, owner.environment());
        offset = putName(view, offset, owner.feed());
        putName(view, offset, owner.stream());
        // Not before this is there does a segment look begun to a reader of another process.
        EntryCursor.WORD.setRelease(view, 0, MAGIC);
        view.putInt(CHECKSUM_AT, checksum(view));
    }

    private static int putName(ByteBuffer view, int offset, String name) {
        byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        view.putShort(offset, (short) bytes.length);
        view.put(offset + Short.BYTES, bytes);
        return offset + Short.BYTES + bytes.length;
    }

    /**
     * The header in the first bytes of a segment; null if there is none that is whole.
     *
     * <p>Magic, version and checksum lie in every version where they are now. So a version is believed only if the
     * checksum holds: a flipped bit in it is damage, and hides no entry.
     *
     * @throws JournalMismatchException it is whole, and of a format version that this program does not know
     */
    static @Nullable SegmentHeader read(ByteBuffer view, long base, Path path) {
        if (view.capacity() < LENGTH || view.getLong(0) != MAGIC || view.getInt(CHECKSUM_AT) != checksum(view)) {
            return null;
        }
        SegmentHeader header =
                FormatVersion.headerReader(view.getInt(VERSION_AT), path).read(view);
        return header.base == base ? header : null;
    }

    /** Reads a whole header of version 1. */
    static SegmentHeader readVersion1(ByteBuffer view) {
        return new SegmentHeader(
                readOwner(view),
                (int) view.getLong(SEGMENT_LENGTH_AT),
                view.getLong(BASE_AT),
                view.getLong(CREATED_AT),
                view.getLong(SESSION_AT),
                view.getInt(FLAGS_AT));
    }

    private static JournalOwner readOwner(ByteBuffer view) {
        ByteBuffer names = view.duplicate().order(ByteOrder.LITTLE_ENDIAN).position(NAMES_AT);
        return new JournalOwner(readName(names), readName(names), readName(names));
    }

    private static String readName(ByteBuffer names) {
        byte[] bytes = new byte[names.getShort()];
        names.get(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private static int checksum(ByteBuffer view) {
        ByteBuffer bytes = view.duplicate();
        CRC32C crc = new CRC32C();
        crc.update(bytes.limit(CHECKSUM_AT).position(0));
        crc.update(bytes.limit(LENGTH).position(FLAGS_AT));
        return (int) crc.getValue();
    }
}
