package io.tapestream.journal;

import static io.tapestream.journal.JournalFolder.NOW;
import static io.tapestream.journal.JournalFolder.SETTINGS_JSON;
import static io.tapestream.journal.JournalFolder.frames;
import static io.tapestream.journal.JournalFolder.utf8;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RetentionTest {
    static final long LENGTH = 8192;

    @TempDir
    Path directory;

    JournalFolder folder;

    @BeforeEach
    void makeFolder() {
        folder = new JournalFolder(directory);
    }

    /** A journal of ten full segments and an eleventh, each begun a minute after the one before. */
    private Journal elevenSegments() {
        Journal journal = folder.open();
        journal.appender().openSession(false, SETTINGS_JSON, NOW);
        while (journal.endPosition() < 10 * LENGTH) {
            long atMillis = NOW + journal.endPosition() / LENGTH * 60_000;
            journal.appender().append(EntryType.FRAME, utf8("x".repeat(1000)), atMillis + 60_000);
            journal.maintain(0, false);
        }
        return journal;
    }

    @Test
    void keepsWhatIsWithinBothBounds() {
        folder.retainBytes = 10 * LENGTH;
        try (Journal journal = elevenSegments()) {
            journal.maintain(journal.endPosition(), true);
            assertThat(journal.startPosition()).isZero();
            assertThat(folder.segment(0)).exists();
        }
    }

    @Test
    void deletesTheOldestThatAreTooMany() {
        folder.retainBytes = 4 * LENGTH;
        try (Journal journal = elevenSegments()) {
            journal.maintain(journal.endPosition(), true);
            assertThat(journal.startPosition()).isEqualTo(6 * LENGTH);
            assertThat(folder.segment(5 * LENGTH)).doesNotExist();
            assertThat(folder.segment(6 * LENGTH)).exists();
            assertThat(folder.framesSeenFromOutside()).isEqualTo(frames(journal));
        }
    }

    @Test
    void deletesTheOldestThatAreTooOld() {
        folder.retainFor = Duration.ofMinutes(30);
        try (Journal journal = elevenSegments()) {
            // The third segment was left, and the fourth begun, 30 minutes and a second ago.
            folder.nowMillis = NOW + 3 * 60_000 + 30 * 60_000 + 1000;
            journal.maintain(journal.endPosition(), true);
            assertThat(journal.startPosition()).isEqualTo(3 * LENGTH);
        }
    }

    @Test
    void neverDeletesWhatIsNotAcknowledged() {
        folder.retainBytes = 0;
        folder.retainFor = Duration.ZERO;
        try (Journal journal = elevenSegments()) {
            journal.maintain(5 * LENGTH + 600, true);
            assertThat(journal.startPosition()).isEqualTo(3 * LENGTH);
            journal.maintain(journal.endPosition(), true);
            assertThat(journal.startPosition()).isEqualTo(8 * LENGTH);
            assertThat(journal.warmUpPosition(journal.checkpoint())).isEqualTo(8 * LENGTH);
        }
    }

    @Test
    void keepsTheTwoSegmentsBeforeTheCheckpointsOwn() {
        folder.retainBytes = 0;
        try (Journal journal = elevenSegments()) {
            for (long acknowledged = 600; acknowledged < journal.endPosition(); acknowledged += 1000) {
                journal.maintain(acknowledged, true);
                long own = acknowledged / LENGTH * LENGTH;
                assertThat(journal.startPosition()).isEqualTo(Math.max(0, own - 2 * LENGTH));
                assertThat(journal.warmUpPosition(acknowledged)).isEqualTo(Math.max(0, own - 2 * LENGTH));
            }
        }
    }

    @Test
    void isFullWhenUnacknowledgedDataReachesTheBound() {
        folder.maxBytes = 5 * LENGTH;
        try (Journal journal = elevenSegments()) {
            long end = journal.endPosition();
            assertThat(journal.isFull(0)).isTrue();
            assertThat(journal.isFull(end - 5 * LENGTH)).isTrue();
            assertThat(journal.isFull(end - 5 * LENGTH + 1)).isFalse();
        }
    }

    @Test
    void keepsTheSegmentThatAReaderIsInAndThoseAfterIt() {
        folder.retainBytes = 0;
        try (Journal journal = elevenSegments()) {
            try (JournalReader reader = journal.reader(3 * LENGTH)) {
                assertThat(reader.next()).isTrue();
                journal.maintain(journal.endPosition(), true);
                assertThat(journal.startPosition()).isEqualTo(3 * LENGTH);
                while (reader.segment() < 5 * LENGTH) {
                    assertThat(reader.next()).isTrue();
                }
                journal.maintain(0, true);
                assertThat(journal.startPosition()).isEqualTo(5 * LENGTH);
            }
            journal.maintain(0, true);
            assertThat(journal.startPosition()).isEqualTo(8 * LENGTH);
        }
    }

    @Test
    void aReaderOfAnotherProcessGoesOnWithTheOldestThatIsLeft() {
        folder.retainBytes = 0;
        try (Journal journal = elevenSegments();
                Journal outside = Journal.openReadOnly(directory);
                JournalReader reader = outside.reader(0)) {
            assertThat(reader.next()).isTrue();
            journal.maintain(journal.endPosition(), true);
            assertThat(journal.startPosition()).isEqualTo(8 * LENGTH);
            while (reader.segment() == 0) {
                assertThat(reader.next()).isTrue();
            }
            assertThat(reader.segment()).isEqualTo(8 * LENGTH);
            assertThat(reader.holeBytes()).isZero();
        }
    }
}
