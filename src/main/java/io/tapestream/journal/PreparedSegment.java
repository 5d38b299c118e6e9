package io.tapestream.journal;

import java.nio.ByteBuffer;

/**
 * A segment that is on the disk in its full length, zero, mapped, and not begun.
 *
 * @param segment the segment
 * @param view its bytes; whoever prepared it is its user
 */
record PreparedSegment(Segment segment, ByteBuffer view) {
    /** Writes the header: from now on the segment is part of the journal. */
    void begin(JournalOwner owner, long atMillis, long session, int flags) {
        new SegmentHeader(owner, segment.length(), segment.base(), atMillis, session, flags).writeTo(view);
        segment.createdAt(atMillis);
        segment.publish(SegmentHeader.LENGTH);
    }
}
