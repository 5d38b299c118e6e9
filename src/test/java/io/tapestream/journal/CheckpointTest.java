package io.tapestream.journal;

import static io.tapestream.journal.JournalFolder.NOW;
import static io.tapestream.journal.JournalFolder.SETTINGS_JSON;
import static io.tapestream.journal.JournalFolder.append;
import static io.tapestream.journal.JournalFolder.payloads;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CheckpointTest {
    @TempDir(factory = InMemoryFolder.class)
    Path directory;

    JournalFolder folder;

    @BeforeEach
    void makeFolder() {
        folder = new JournalFolder(directory);
    }

    @ParameterizedTest
    @ValueSource(longs = {641, 4096, 8000, 8192, 8193, 50_000, 1L << 40})
    void beyondTheEndItHidesNothing(long checkpoint) {
        try (Journal journal = folder.open()) {
            journal.appender().openSession(false, SETTINGS_JSON, NOW);
            assertThat(journal.endPosition()).isLessThan(641);
        }
        new CheckpointFile(directory).write(checkpoint);

        long base = Math.max(8192, (checkpoint + 4095) / 4096 * 4096);
        try (Journal journal = folder.open()) {
            assertThat(journal.checkpoint()).isEqualTo(checkpoint);
            assertThat(journal.endPosition()).isEqualTo(base + 512);
            journal.appender().openSession(false, SETTINGS_JSON, NOW);
            append(journal, "after");
        }
        assertThat(folder.segment(base)).exists();
        try (Journal journal = folder.open()) {
            assertThat(payloads(journal, EntryType.FRAME, journal.checkpoint())).containsExactly("after");
            assertThat(payloads(journal, EntryType.SESSION_OPENED, 0)).hasSize(2);
        }
    }

    @Test
    void withoutAnySegmentItHidesNothing() {
        new CheckpointFile(directory).write(10_000);
        try (Journal journal = folder.open()) {
            journal.appender().openSession(false, SETTINGS_JSON, NOW);
            append(journal, "after");
            assertThat(payloads(journal, EntryType.FRAME, journal.checkpoint())).containsExactly("after");
        }
    }

    @Test
    void unreadableMeansTheOldestRetainedPosition() throws IOException {
        folder.retainBytes = 0;
        long end;
        try (Journal journal = folder.open()) {
            journal.appender().openSession(false, SETTINGS_JSON, NOW);
            while (journal.endPosition() < 5 * 8192) {
                append(journal, "x".repeat(1000));
            }
            end = journal.endPosition();
            journal.maintain(end, true);
            assertThat(journal.startPosition()).isEqualTo(3 * 8192);
        }
        byte[] whole = Files.readAllBytes(directory.resolve("checkpoint"));
        for (int bit = 0; bit < whole.length * 8; bit++) {
            byte[] damaged = whole.clone();
            damaged[bit / 8] ^= (byte) (1 << bit % 8);
            readsAs(damaged, 3 * 8192);
        }
        for (int length = 0; length < whole.length; length++) {
            readsAs(Arrays.copyOf(whole, length), 3 * 8192);
        }
        readsAs(Arrays.copyOf(whole, whole.length + 1), 3 * 8192);
        readsAs(whole, end);
        Files.delete(directory.resolve("checkpoint"));
        try (Journal outside = Journal.openReadOnly(directory)) {
            assertThat(outside.checkpoint()).isEqualTo(3 * 8192);
        }
    }

    private void readsAs(byte[] content, long expected) throws IOException {
        Files.write(directory.resolve("checkpoint"), content);
        try (Journal outside = Journal.openReadOnly(directory)) {
            assertThat(outside.checkpoint()).isEqualTo(expected);
        }
    }

    @Test
    void isWrittenOnceTheSyncIntervalHasPassed() {
        try (Journal journal = folder.open()) {
            journal.appender().openSession(false, SETTINGS_JSON, NOW);
            long end = journal.endPosition();
            folder.nowMillis += 999;
            journal.maintain(end, false);
            assertThat(journal.checkpoint()).isZero();
            folder.nowMillis += 1;
            journal.maintain(end, false);
            assertThat(journal.checkpoint()).isEqualTo(end);
        }
    }

    @Test
    void neverGoesBack() {
        try (Journal journal = folder.open()) {
            journal.appender().openSession(false, SETTINGS_JSON, NOW);
            long end = journal.endPosition();
            journal.maintain(end, true);
            journal.maintain(512, true);
            assertThat(journal.checkpoint()).isEqualTo(end);
        }
    }

    @Test
    void refusesAPositionThatIsNotForced() {
        try (Journal journal = folder.open()) {
            assertThatThrownBy(() -> journal.maintain(513, true))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("acknowledged beyond the end of the journal: position=513 end=512");
            assertThat(journal.checkpoint()).isZero();
        }
    }
}
