package io.tapestream.journal;

import static io.tapestream.journal.JournalFolder.NOW;
import static io.tapestream.journal.JournalFolder.append;
import static io.tapestream.journal.JournalFolder.utf8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CoverageTest {
    @TempDir
    Path directory;

    JournalFolder folder;

    @BeforeEach
    void makeFolder() {
        folder = new JournalFolder(directory);
    }

    private static void openSession(Journal journal, String settings, long atMillis) {
        journal.appender().openSession(false, settings.getBytes(StandardCharsets.UTF_8), atMillis);
    }

    private static List<Gap> gaps(Journal journal) {
        List<Gap> gaps = new ArrayList<>();
        try (JournalReader reader = journal.reader(journal.startPosition())) {
            Coverage.list(reader, journal.isWritten(), gaps::add);
        }
        return gaps;
    }

    @Test
    void hasNoGapWithinASession() {
        try (Journal journal = folder.open()) {
            assertThat(gaps(journal)).isEmpty();
            openSession(journal, "{}", NOW);
            append(journal, "a");
            append(journal, "b");
            assertThat(gaps(journal)).isEmpty();
        }
    }

    @Test
    void listsTheGapBetweenTwoSessionsWithItsReason() {
        try (Journal journal = folder.open()) {
            openSession(journal, "{\"symbols\":[\"AAPL\"]}", NOW);
            append(journal, "a");
            journal.appender().append(EntryType.SESSION_CLOSED, utf8("silent"), NOW + 150_000);
            long closed = journal.endPosition();
            assertThat(gaps(journal))
                    .containsExactly(new Gap(
                            closed, closed, NOW + 150_000, OptionalLong.empty(), "silent", "{\"symbols\":[\"AAPL\"]}"));
            openSession(journal, "{\"symbols\":[\"TSLA\"]}", NOW + 151_000);
            append(journal, "b");
            assertThat(gaps(journal))
                    .containsExactly(new Gap(
                            closed,
                            closed,
                            NOW + 150_000,
                            OptionalLong.of(NOW + 151_000),
                            "silent",
                            "{\"symbols\":[\"AAPL\"]}"));
        }
    }

    @Test
    void saysThatTheProcessEndedWhereASessionWasNotClosed() {
        try (Journal journal = folder.open()) {
            openSession(journal, "{}", NOW);
            append(journal, "a");
        }
        try (Journal journal = folder.open()) {
            assertThat(gaps(journal)).isEmpty();
            openSession(journal, "{}", NOW + 5000);
            assertThat(gaps(journal)).extracting(Gap::reason).containsExactly(Coverage.PROCESS_ENDED);
            assertThat(gaps(journal)).extracting(Gap::fromMillis).containsExactly(NOW);
        }
    }

    @Test
    void aSessionThatWasNotClosedIsFollowedByAGapOnceItsWriterIsGone() {
        long end;
        try (Journal journal = folder.open()) {
            openSession(journal, "{}", NOW);
            append(journal, "a");
            end = journal.endPosition();
            try (Journal outside = Journal.openReadOnly(directory)) {
                assertThat(gaps(outside)).isEmpty();
            }
        }
        try (Journal journal = Journal.openReadOnly(directory)) {
            assertThat(gaps(journal))
                    .containsExactly(new Gap(end, end, NOW, OptionalLong.empty(), Coverage.PROCESS_ENDED, "{}"));
        }
    }

    @Test
    void aJournalWithoutEntriesHasNoGap() {
        folder.open().close();
        try (Journal journal = Journal.openReadOnly(directory)) {
            assertThat(gaps(journal)).isEmpty();
        }
    }

    @Test
    void listsAHoleAsAGap() throws IOException {
        long begin;
        long end;
        try (Journal journal = folder.open()) {
            openSession(journal, "{\"symbols\":[\"AAPL\"]}", NOW);
            append(journal, "a");
            begin = journal.endPosition();
            append(journal, "b");
            end = journal.endPosition();
            append(journal, "c");
        }
        byte[] bytes = Files.readAllBytes(folder.segment(0));
        bytes[(int) begin + 32] ^= 1;
        Files.write(folder.segment(0), bytes);
        try (Journal journal = Journal.openReadOnly(directory)) {
            assertThat(gaps(journal))
                    .startsWith(new Gap(
                            begin, end, NOW, OptionalLong.of(NOW), Coverage.CORRUPT, "{\"symbols\":[\"AAPL\"]}"))
                    .extracting(Gap::reason)
                    .containsExactly(Coverage.CORRUPT, Coverage.PROCESS_ENDED);
        }
    }

    @Test
    void aDamagedOpeningIsAGapOfItsOwn() throws IOException {
        long begin;
        try (Journal journal = folder.open()) {
            openSession(journal, "{\"symbols\":[\"AAPL\"]}", NOW);
            journal.appender().append(EntryType.SESSION_CLOSED, utf8("closed 1006"), NOW);
            begin = journal.endPosition();
            openSession(journal, "{}", NOW);
            append(journal, "a");
            append(journal, "b");
        }
        byte[] bytes = Files.readAllBytes(folder.segment(0));
        bytes[(int) begin + 32] ^= 1;
        Files.write(folder.segment(0), bytes);
        try (Journal journal = Journal.openReadOnly(directory)) {
            assertThat(gaps(journal))
                    .extracting(Gap::reason)
                    .containsExactly(Coverage.CORRUPT, "closed 1006", Coverage.PROCESS_ENDED);
        }
    }

    @Test
    void anAuditCountsWhatIsThere() throws IOException {
        try (Journal journal = folder.open()) {
            openSession(journal, "{}", NOW);
            append(journal, "four");
            journal.maintain(journal.endPosition(), true);
        }
        byte[] bytes = Files.readAllBytes(folder.segment(0));
        bytes[700] = 1;
        Files.write(folder.segment(0), bytes);
        try (Journal journal = Journal.openReadOnly(directory)) {
            JournalAudit audit = JournalAudit.of(journal);
            assertThat(audit.segments()).isEqualTo(1);
            assertThat(audit.frameBytes()).isEqualTo(4);
            assertThat(audit.holes()).isZero();
            assertThat(audit.tornBytes()).isEqualTo(701 - audit.endPosition());
            assertThat(audit.checkpoint()).isEqualTo(audit.endPosition());
            assertThat(audit.isWhole()).isFalse();
        }
    }
}
