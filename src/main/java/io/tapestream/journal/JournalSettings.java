package io.tapestream.journal;

import java.nio.file.Path;
import java.time.Duration;

/**
 * Settings of the journal; what each means is in {@code reference.conf}, section {@code journal}.
 *
 * @param directory folder of the segments
 * @param environment name in the segment headers; a journal of another one is refused
 * @param feed likewise
 * @param stream likewise
 * @param segmentLength bytes, a multiple of 4096
 * @param maxEntryLength longest payload that {@link JournalAppender} takes, bytes
 * @param maxBytes bound of unacknowledged data, bytes
 * @param retainBytes how much acknowledged data is kept, bytes
 * @param retainFor how long acknowledged data is kept
 * @param syncInterval how often data is forced to disk and the checkpoint written
 */
public record JournalSettings(
        Path directory,
        String environment,
        String feed,
        String stream,
        int segmentLength,
        int maxEntryLength,
        long maxBytes,
        long retainBytes,
        Duration retainFor,
        Duration syncInterval) {
    private static final int PAGE = 4096;

    /** Refuses lengths that the file format or the appender cannot keep to. */
    public JournalSettings {
        if (segmentLength < PAGE || segmentLength % PAGE != 0) {
            throw new IllegalArgumentException("segment length not a multiple of the page: length=" + segmentLength
                    + " (expected: multiple of " + PAGE + ")");
        }
        int longest = segmentLength
                - SegmentHeader.LENGTH
                - EntryLayout.PAYLOAD
                - EntryLayout.ALIGNMENT
                - JournalAppender.closingReserve(segmentLength);
        if (maxEntryLength < 1 || maxEntryLength > longest) {
            throw new IllegalArgumentException("entries do not fit into a segment: maxEntryLength=" + maxEntryLength
                    + " segmentLength=" + segmentLength + " (expected: 1 to " + longest + ")");
        }
    }

    JournalOwner owner() {
        return new JournalOwner(environment, feed, stream);
    }
}
