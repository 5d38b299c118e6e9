package io.tapestream.journal;

/**
 * Where the fields of an entry lie. All numbers are little-endian; docs/JOURNAL.md tells what they mean.
 *
 * <pre>
 *   0       4       8    9    10      16              24              32          L
 *   +-------+-------+----+----+-------+---------------+---------------+-----------+---------+
 *   | L     | CRC   |type|flag| zeros | session       | received at   | payload   | padding |
 *   +-------+-------+----+----+-------+---------------+---------------+-----------+---------+
 * </pre>
 */
final class EntryLayout {
    /** Length and checksum, which the appender writes last, as one word. */
    static final int WORD = 0;

    static final int TYPE = 8;
    static final int FLAGS = 9;
    static final int SESSION = 16;
    static final int RECEIVED_AT = 24;
    static final int PAYLOAD = 32;

    static final int ALIGNMENT = 8;

    /** Flag: redelivered frames are kept in this session. */
    static final int KEEPS_REDELIVERED = 1;

    private EntryLayout() {}

    /** The next multiple of 8 that is not below {@code length}. */
    static int aligned(int length) {
        return (length + ALIGNMENT - 1) & -ALIGNMENT;
    }
}
