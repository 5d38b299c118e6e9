package io.tapestream.journal;

import static io.tapestream.journal.JournalFolder.NOW;
import static io.tapestream.journal.JournalFolder.SETTINGS_JSON;
import static io.tapestream.journal.JournalFolder.append;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JournalReaderTest {
    private static final int SEGMENT_LENGTH = 4096;

    @TempDir(factory = InMemoryFolder.class)
    Path directory;

    private JournalFolder folder;

    @BeforeEach
    void fillFourSegments() {
        folder = new JournalFolder(directory);
        folder.segmentLength = SEGMENT_LENGTH;
        folder.maxEntryLength = 200;
        try (Journal journal = folder.open()) {
            journal.appender().openSession(false, SETTINGS_JSON, NOW);
            while (journal.endPosition() < 3 * SEGMENT_LENGTH + 1000) {
                append(journal, "x".repeat(100));
            }
        }
    }

    @Test
    void tellsTheSegmentBefore() {
        assertThat(segmentsBefore(0)).isEqualTo(Map.of(0L, -1L, 4096L, 0L, 8192L, 4096L, 12288L, 8192L));
        assertThat(segmentsBefore(8192)).isEqualTo(Map.of(8192L, -1L, 12288L, 8192L));
    }

    @Test
    void tellsTheSegmentBeforeThatHasLostAllItsEntries() throws IOException {
        byte[] damaged = Files.readAllBytes(folder.segment(8192));
        Arrays.fill(damaged, SegmentHeader.LENGTH, damaged.length, (byte) 0);
        Files.write(folder.segment(8192), damaged);

        assertThat(segmentsBefore(0)).isEqualTo(Map.of(0L, -1L, 4096L, 0L, 12288L, 8192L));
    }

    /** By the segment of each entry from {@code position} on. */
    private Map<Long, Long> segmentsBefore(long position) {
        Map<Long, Long> before = new TreeMap<>();
        try (Journal journal = Journal.openReadOnly(directory);
                JournalReader reader = journal.reader(position)) {
            while (reader.next()) {
                before.put(reader.segment(), reader.previousSegment());
            }
        }
        return before;
    }
}
