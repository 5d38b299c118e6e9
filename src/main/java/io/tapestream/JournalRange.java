package io.tapestream;

import io.tapestream.journal.EntryType;
import io.tapestream.journal.Journal;
import io.tapestream.journal.JournalReader;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads a range of the journal as a person gives it: positions, or times of receipt. */
final class JournalRange {
    static final String LABEL = "POSITION|TIME";

    private JournalRange() {}

    /** The range from one bound on and below another; null for the oldest retained position and for the end. */
    static Publisher.Range of(Journal journal, @Nullable String from, @Nullable String to) {
        return new Publisher.Range(
                position(journal, "--from", from, journal.startPosition()),
                position(journal, "--to", to, journal.endPosition()));
    }

    /** A position as it is; for a time, the first frame received then or later. */
    private static long position(Journal journal, String option, @Nullable String text, long otherwise) {
        if (text == null) {
            return otherwise;
        }
        if (text.matches("[0-9]{1,18}")) {
            return Long.parseLong(text);
        }
        long millis = millis(option, text);
        try (JournalReader reader = journal.reader(journal.startPosition())) {
            while (reader.next()) {
                if (reader.type() == EntryType.FRAME && reader.frame().receivedAtMillis() >= millis) {
                    return reader.position();
                }
            }
        }
        return journal.endPosition();
    }

    private static long millis(String option, String text) {
        try {
            return Instant.parse(text).toEpochMilli();
        } catch (DateTimeException e) {
            throw new SettingsException(List.of(option + ": neither position nor time: value=" + text
                    + " (expected: digits, or a time such as 2026-11-25T14:30:00Z)"));
        }
    }
}
