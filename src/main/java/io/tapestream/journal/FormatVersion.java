package io.tapestream.journal;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Collections;
import java.util.NavigableMap;
import java.util.SortedSet;
import java.util.TreeMap;

/**
 * The versions of the journal's format: one is written, and every one that was ever written is read. What a further one
 * needs is in docs/JOURNAL.md, section "Versions".
 */
final class FormatVersion {
    /** The version that is written. */
    static final int WRITTEN = 1;

    private static final NavigableMap<Integer, HeaderReader> HEADER_READERS = new TreeMap<>();

    static {
        HEADER_READERS.put(1, SegmentHeader::readVersion1);
    }

    /** Reads the header of one version, whose checksum holds. */
    @FunctionalInterface
    interface HeaderReader {
        /** The header in the first bytes of a segment. */
        SegmentHeader read(ByteBuffer view);
    }

    private FormatVersion() {}

    /** The versions that are read. */
    static SortedSet<Integer> readable() {
        return Collections.unmodifiableSortedSet(HEADER_READERS.navigableKeySet());
    }

    /**
     * What reads the headers of a version.
     *
     * @throws JournalMismatchException no version of this program up to now has written it; names the segment
     */
    static HeaderReader headerReader(int version, Path path) {
        HeaderReader reader = HEADER_READERS.get(version);
        if (reader == null) {
            throw unknown("journal", path, version, "move the folder away to begin a new journal");
        }
        return reader;
    }

    /** Refuses a whole file of a version that this program does not know. */
    static JournalMismatchException unknown(String what, Path path, int version, String otherRemedy) {
        return new JournalMismatchException(what + " has " + (version > WRITTEN ? "a newer" : "an unknown")
                + " format: path=" + path + " version=" + version + " supported=" + WRITTEN
                + " (use the version of tapestream that wrote it, or " + otherRemedy + ")");
    }
}
