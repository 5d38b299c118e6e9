package io.tapestream.journal;

import java.nio.ByteBuffer;

/**
 * Where a journal that was opened for writing goes on.
 *
 * @param segment the segment to append to; its limit is after its last entry
 * @param view its bytes; whoever recovered it is its user
 * @param lastSession the highest session number in the journal
 */
record RecoveredEnd(Segment segment, ByteBuffer view, long lastSession) {}
