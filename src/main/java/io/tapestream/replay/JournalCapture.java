package io.tapestream.replay;

import io.tapestream.frame.Frame;
import io.tapestream.journal.EntryType;
import io.tapestream.journal.Journal;
import io.tapestream.journal.JournalReader;
import java.nio.file.Path;

/** Reads the frames of a range of a journal; what is appended after the opening is not read. */
final class JournalCapture implements CaptureReader {
    private static final int BASE_DIGITS = 20;

    private final Journal journal;
    private final JournalReader reader;
    private final long toPosition;
    private final long onlySegment;

    private JournalCapture(Journal journal, long fromPosition, long toPosition, long onlySegment) {
        this.journal = journal;
        this.reader = journal.reader(fromPosition);
        this.toPosition = toPosition;
        this.onlySegment = onlySegment;
    }

    /** All of a journal. */
    static JournalCapture ofFolder(Path folder) {
        Journal journal = Journal.openReadOnly(folder);
        return new JournalCapture(journal, journal.startPosition(), journal.endPosition(), -1);
    }

    /** One segment of the journal in the file's folder. */
    static JournalCapture ofSegment(Path file) {
        Path folder = file.toAbsolutePath().getParent();
        String name = file.getFileName().toString();
        if (folder == null || !name.matches("\\d{" + BASE_DIGITS + "}\\.jrn")) {
            throw new CaptureException(
                    "segment has no base position in its name: file=" + file + " (expected: 20 digits and .jrn)");
        }
        Journal journal = Journal.openReadOnly(folder);
        long base = Long.parseLong(name.substring(0, BASE_DIGITS));
        return new JournalCapture(journal, base, journal.endPosition(), base);
    }

    /** The frames from {@code fromPosition} on and below {@code toPosition}. */
    static JournalCapture ofRange(Path folder, long fromPosition, long toPosition) {
        return new JournalCapture(Journal.openReadOnly(folder), fromPosition, toPosition, -1);
    }

    @Override
    public boolean next() {
        while (reader.next() && isInRange()) {
            if (reader.type() == EntryType.FRAME) {
                return true;
            }
        }
        return false;
    }

    private boolean isInRange() {
        return reader.position() < toPosition && (onlySegment < 0 || reader.segment() == onlySegment);
    }

    @Override
    public Frame frame() {
        return reader.frame();
    }

    @Override
    public void close() {
        reader.close();
        journal.close();
    }
}
