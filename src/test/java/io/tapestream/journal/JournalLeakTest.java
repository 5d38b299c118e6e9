package io.tapestream.journal;

import static io.tapestream.journal.JournalFolder.NOW;
import static io.tapestream.journal.JournalFolder.SETTINGS_JSON;
import static io.tapestream.journal.JournalFolder.append;
import static org.assertj.core.api.Assertions.assertThat;

import io.tapestream.ResourceCensus;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A thousand segments come and go, with readers of this process and as if of another one, and leave nothing. */
class JournalLeakTest {
    private static final int SEGMENT_LENGTH = 8192;
    private static final int RETAINED = 4;

    @TempDir(factory = InMemoryFolder.class)
    Path directory;

    private final String frame = "x".repeat(1000);

    @Test
    void aThousandSegmentsLeaveNothing() throws IOException {
        writeAndRead(Files.createDirectory(directory.resolve("warm-up")), 10);
        ResourceCensus before = ResourceCensus.take();
        Path journal = Files.createDirectory(directory.resolve("journal"));
        writeAndRead(journal, 1000);
        before.assertNothingIsAdded();
        try (Stream<Path> files = Files.list(journal)) {
            assertThat(files.filter(file -> file.toString().endsWith(".jrn"))).hasSizeLessThanOrEqualTo(RETAINED + 1);
        }
    }

    private void writeAndRead(Path journalDirectory, int segments) {
        JournalFolder folder = new JournalFolder(journalDirectory);
        folder.segmentLength = SEGMENT_LENGTH;
        folder.retainBytes = RETAINED * SEGMENT_LENGTH;
        try (Journal journal = folder.open();
                Journal outside = Journal.openReadOnly(journalDirectory);
                JournalReader live = journal.reader(0);
                JournalReader fromOutside = outside.reader(0)) {
            journal.appender().openSession(false, SETTINGS_JSON, NOW);
            roll(journal, journalDirectory, 10, live, fromOutside);
            ResourceCensus before = ResourceCensus.take(journalDirectory);
            roll(journal, journalDirectory, segments, live, fromOutside);
            before.assertNothingIsAdded(journalDirectory);
            assertThat(journal.endPosition()).isGreaterThan((long) segments * SEGMENT_LENGTH);
        }
    }

    /** Fills segments; once in each, everything is read and acknowledged, and short readers come and go. */
    private void roll(Journal journal, Path folder, int segments, JournalReader live, JournalReader fromOutside) {
        for (int segment = 0; segment < segments; segment++) {
            long end = journal.endPosition() + SEGMENT_LENGTH;
            while (journal.endPosition() < end) {
                append(journal, frame);
                readAll(live);
            }
            readAll(fromOutside);
            readAndLeave(journal, folder);
            journal.maintain(live.nextPosition(), true);
        }
    }

    private static void readAll(JournalReader reader) {
        while (reader.next()) {
            assertThat(reader.holeBytes()).isZero();
        }
    }

    private static void readAndLeave(Journal journal, Path folder) {
        try (JournalReader reader = journal.reader(journal.startPosition())) {
            assertThat(reader.next()).isTrue();
        }
        try (Journal outside = Journal.openReadOnly(folder);
                JournalReader reader = outside.reader(0)) {
            assertThat(reader.next()).isTrue();
        }
    }
}
