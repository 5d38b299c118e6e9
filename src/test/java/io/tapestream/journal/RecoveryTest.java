package io.tapestream.journal;

import static io.tapestream.journal.JournalFolder.NOW;
import static io.tapestream.journal.JournalFolder.SETTINGS_JSON;
import static io.tapestream.journal.JournalFolder.append;
import static io.tapestream.journal.JournalFolder.frames;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RecoveryTest {
    @TempDir(factory = InMemoryFolder.class)
    Path directory;

    JournalFolder folder;

    @BeforeEach
    void makeFolder() {
        folder = new JournalFolder(directory);
    }

    /** Writes frames in one session; returns the position after each, the end of the opening entry first. */
    private List<Integer> write(String... frames) {
        List<Integer> ends = new ArrayList<>();
        try (Journal journal = folder.open()) {
            journal.appender().openSession(false, SETTINGS_JSON, NOW);
            ends.add((int) journal.endPosition());
            for (String frame : frames) {
                append(journal, frame);
                ends.add((int) journal.endPosition());
            }
        }
        return ends;
    }

    private void restore(byte[] segment) throws IOException {
        try (var files = Files.newDirectoryStream(directory, "*.jrn")) {
            for (Path file : files) {
                Files.delete(file);
            }
        }
        Files.write(folder.segment(0), segment, StandardOpenOption.CREATE_NEW);
    }

    /** Opens what was left, and shows that exactly these frames are there and that the journal goes on after them. */
    private void recoversExactly(List<String> expected) {
        assertThat(folder.framesSeenFromOutside()).isEqualTo(expected);
        List<String> all = new ArrayList<>(expected);
        all.add("after");
        try (Journal journal = folder.open()) {
            assertThat(frames(journal)).isEqualTo(expected);
            assertThat(journal.appender().openSession(false, SETTINGS_JSON, NOW))
                    .isBetween(1L, 2L);
            append(journal, "after");
            assertThat(frames(journal)).isEqualTo(all);
            assertThat(JournalAudit.of(journal).isWhole()).isTrue();
        }
        assertThat(folder.framesSeenFromOutside()).isEqualTo(all);
    }

    @Test
    void keepsEveryWholeEntryWhereverTheLastTwoAreCut() throws IOException {
        List<Integer> ends = write("first", "the second", "and the third");
        byte[] whole = Files.readAllBytes(folder.segment(0));
        for (int cut = ends.get(1); cut <= ends.get(3); cut++) {
            // Padding is not part of an entry: it may be missing.
            List<String> kept = new ArrayList<>(List.of("first"));
            if (cut >= ends.get(1) + 32 + "the second".length()) {
                kept.add("the second");
            }
            if (cut >= ends.get(2) + 32 + "and the third".length()) {
                kept.add("and the third");
            }
            restore(Arrays.copyOf(whole, cut));
            recoversExactly(kept);
            restore(Arrays.copyOf(Arrays.copyOf(whole, cut), whole.length));
            recoversExactly(kept);
        }
    }

    @Test
    void losesOnlyAnEntryWhoseFirstWordWasNotWritten() throws IOException {
        List<Integer> ends = write("first", "the second");
        byte[] bytes = Files.readAllBytes(folder.segment(0));
        Arrays.fill(bytes, ends.get(1), ends.get(1) + 8, (byte) 0);
        restore(bytes);
        recoversExactly(List.of("first"));
    }

    @Test
    void zeroesTheTornTail() throws IOException {
        List<Integer> ends = write("first");
        byte[] bytes = Files.readAllBytes(folder.segment(0));
        Arrays.fill(bytes, ends.get(1), bytes.length, (byte) 'x');
        restore(bytes);
        folder.open().close();
        Arrays.fill(bytes, ends.get(1), bytes.length, (byte) 0);
        assertThat(Files.readAllBytes(folder.segment(0))).isEqualTo(bytes);
    }

    @Test
    void beginsTheLastSegmentAgainWhereverItsHeaderIsTorn() throws IOException {
        folder.segmentLength = 4096;
        List<String> frames = new ArrayList<>();
        try (Journal journal = folder.open()) {
            journal.appender().openSession(false, SETTINGS_JSON, NOW);
            while (journal.endPosition() < 4096) {
                frames.add("x".repeat(900) + frames.size());
                append(journal, frames.get(frames.size() - 1));
            }
        }
        byte[] first = Files.readAllBytes(folder.segment(0));
        byte[] second = Files.readAllBytes(folder.segment(4096));
        frames.remove(frames.size() - 1);
        for (int cut = 0; cut <= 512; cut++) {
            restore(first);
            Files.write(folder.segment(4096), Arrays.copyOf(second, cut));
            recoversExactly(frames);
            if (second[cut] != 0) {
                restore(first);
                Files.write(folder.segment(4096), Arrays.copyOf(Arrays.copyOf(second, cut), 4096));
                recoversExactly(frames);
            }
        }
    }

    @Test
    void keepsTheEntriesBehindADamagedHeader() throws IOException {
        write("first", "second");
        byte[] whole = Files.readAllBytes(folder.segment(0));
        for (int i = 0; i < 512; i++) {
            byte[] damaged = whole.clone();
            damaged[i] ^= 0x55;
            restore(damaged);
            try (Journal journal = folder.open()) {
                assertThat(frames(journal)).as("byte %d", i).containsExactly("first", "second");
            }
            assertThat(folder.framesSeenFromOutside()).containsExactly("first", "second");
        }
    }

    @Test
    void neverUsesASessionNumberAgain() {
        for (int session = 1; session <= 5; session++) {
            try (Journal journal = folder.open()) {
                assertThat(journal.appender().openSession(false, SETTINGS_JSON, NOW))
                        .isEqualTo(session);
            }
        }
        try (Journal journal = folder.open()) {
            for (int session = 6; session <= 60; session++) {
                assertThat(journal.appender().openSession(false, SETTINGS_JSON, NOW))
                        .isEqualTo(session);
                journal.appender().append(EntryType.SESSION_CLOSED, JournalFolder.utf8("silent"), NOW);
                journal.maintain(0, false);
            }
        }
        try (Journal journal = folder.open()) {
            assertThat(journal.appender().openSession(false, SETTINGS_JSON, NOW))
                    .isEqualTo(61);
        }
    }

    @Test
    void takesTheSessionNumberFromAnEarlierSegmentWhenTheLastHasNoEntry() {
        write("first");
        // Beyond the end: a new segment is begun, which holds nothing yet.
        new CheckpointFile(directory).write(5000);
        folder.open().close();
        try (Journal journal = folder.open()) {
            assertThat(journal.appender().openSession(false, SETTINGS_JSON, NOW))
                    .isEqualTo(2);
        }
    }

    @Test
    void removesWhatAnInterruptedPreparationLeft() throws IOException {
        write("first");
        Files.write(directory.resolve("checkpoint.tmp"), new byte[7]);
        Files.write(directory.resolve("00000000000000008192.jrn.tmp"), new byte[100]);
        Files.write(folder.segment(8192), new byte[8192]);
        Files.write(folder.segment(16384), new byte[50]);
        recoversExactly(List.of("first"));
        assertThat(directory).isDirectoryNotContaining("glob:**.tmp");
    }
}
