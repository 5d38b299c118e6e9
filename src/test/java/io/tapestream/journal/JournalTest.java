package io.tapestream.journal;

import static io.tapestream.journal.JournalFolder.NOW;
import static io.tapestream.journal.JournalFolder.SETTINGS_JSON;
import static io.tapestream.journal.JournalFolder.append;
import static io.tapestream.journal.JournalFolder.frames;
import static io.tapestream.journal.JournalFolder.text;
import static io.tapestream.journal.JournalFolder.utf8;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JournalTest {
    @TempDir
    Path directory;

    JournalFolder folder;

    @BeforeEach
    void makeFolder() {
        folder = new JournalFolder(directory.resolve("journal"));
    }

    @Test
    void readsWhatWasAppended() {
        try (Journal journal = folder.open();
                JournalReader reader = journal.reader(0)) {
            JournalAppender appender = journal.appender();
            assertThat(reader.next()).isFalse();
            assertThat(appender.openSession(true, SETTINGS_JSON, NOW)).isEqualTo(1);
            assertThat(appender.append(EntryType.FRAME, utf8("first"), NOW + 1)).isTrue();

            assertThat(reader.next()).isTrue();
            assertThat(reader.type()).isEqualTo(EntryType.SESSION_OPENED);
            assertThat(reader.position()).isEqualTo(512);
            assertThat(text(reader)).isEqualTo(new String(SETTINGS_JSON, StandardCharsets.UTF_8));

            assertThat(reader.next()).isTrue();
            assertThat(reader.type()).isEqualTo(EntryType.FRAME);
            assertThat(text(reader)).isEqualTo("first");
            assertThat(reader.frame().session()).isEqualTo(1);
            assertThat(reader.frame().keepsRedelivered()).isTrue();
            assertThat(reader.frame().receivedAtMillis()).isEqualTo(NOW + 1);
            assertThat(reader.segment()).isZero();
            assertThat(reader.nextPosition()).isEqualTo(journal.endPosition());
            assertThat(reader.next()).isFalse();
        }
    }

    @Test
    void goesOnAfterItWasOpenedAgain() {
        List<String> all = IntStream.range(0, 200).mapToObj(i -> "frame " + i).toList();
        try (Journal journal = folder.open()) {
            journal.appender().openSession(false, SETTINGS_JSON, NOW);
            all.subList(0, 120).forEach(frame -> append(journal, frame));
        }
        try (Journal journal = folder.open()) {
            assertThat(journal.appender().openSession(false, SETTINGS_JSON, NOW))
                    .isEqualTo(2);
            all.subList(120, 200).forEach(frame -> append(journal, frame));
            assertThat(frames(journal)).isEqualTo(all);
            assertThat(folder.framesSeenFromOutside()).isEqualTo(all);
        }
        assertThat(folder.framesSeenFromOutside()).isEqualTo(all);
    }

    @Test
    void beginsAtTheFirstEntryAtOrAfterAPosition() {
        try (Journal journal = folder.open()) {
            journal.appender().openSession(false, SETTINGS_JSON, NOW);
            append(journal, "a");
            long between = journal.endPosition();
            append(journal, "b");
            append(journal, "c");
            assertThat(JournalFolder.payloads(journal, EntryType.FRAME, between))
                    .containsExactly("b", "c");
            assertThat(JournalFolder.payloads(journal, EntryType.FRAME, between + 1))
                    .containsExactly("c");
            assertThat(JournalFolder.payloads(journal, EntryType.FRAME, between - 1))
                    .containsExactly("b", "c");
        }
    }

    @Test
    void keepsTheCheckpoint() {
        long end;
        try (Journal journal = folder.open()) {
            journal.appender().openSession(false, SETTINGS_JSON, NOW);
            append(journal, "a");
            end = journal.endPosition();
            journal.maintain(end, false);
            assertThat(journal.checkpoint()).isZero();
            journal.maintain(end, true);
            assertThat(journal.checkpoint()).isEqualTo(end);
        }
        try (Journal journal = folder.open()) {
            assertThat(journal.checkpoint()).isEqualTo(end);
            assertThat(journal.endPosition()).isEqualTo(end);
        }
    }
}
