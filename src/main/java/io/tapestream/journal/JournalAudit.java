package io.tapestream.journal;

import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;

/**
 * What a pass over a whole journal finds, every checksum verified.
 *
 * @param segments number of segments that have been begun
 * @param entries number of whole entries, by type
 * @param frameBytes bytes of the frames' payloads
 * @param holes number of stretches of damaged entries
 * @param holeBytes their bytes
 * @param tornBytes bytes of an entry after the last one that was not completed; of a journal that is being written,
 *     maybe not yet
 * @param startPosition the oldest retained position
 * @param endPosition position after the last whole entry
 * @param checkpoint the checkpoint
 */
public record JournalAudit(
        int segments,
        Map<EntryType, Long> entries,
        long frameBytes,
        long holes,
        long holeBytes,
        long tornBytes,
        long startPosition,
        long endPosition,
        long checkpoint) {
    /** Whether every entry that was begun is whole. */
    public boolean isWhole() {
        return holes == 0 && tornBytes == 0;
    }

    /** Reads the whole journal. */
    public static JournalAudit of(Journal journal) {
        Map<EntryType, Long> entries = new EnumMap<>(EntryType.class);
        long frameBytes = 0;
        long holes = 0;
        long holeBytes = 0;
        long start = journal.startPosition();
        long end = start;
        try (JournalReader reader = journal.reader(start)) {
            while (reader.next()) {
                entries.merge(reader.type(), 1L, Long::sum);
                frameBytes += reader.type() == EntryType.FRAME ? reader.frame().length() : 0;
                holes += reader.holeBytes() > holeBytes ? 1 : 0;
                holeBytes = reader.holeBytes();
                end = reader.nextPosition();
            }
            holes += reader.holeBytes() > holeBytes ? 1 : 0;
            return new JournalAudit(
                    journal.segmentCount(),
                    Collections.unmodifiableMap(entries),
                    frameBytes,
                    holes,
                    reader.holeBytes(),
                    reader.tornBytes(),
                    start,
                    end,
                    journal.checkpoint());
        }
    }
}
