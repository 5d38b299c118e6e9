package io.tapestream.journal;

import io.tapestream.frame.Frame;

/**
 * Reads entries in order, live at the end of the journal or anywhere before it. Holds the segment it is in mapped until
 * it has left it.
 */
public final class JournalReader implements AutoCloseable {
    JournalReader() {}

    /** Goes to the next entry; false if there is none yet. */
    public boolean next() {
        throw new UnsupportedOperationException("next");
    }

    /** Type of the entry. */
    public EntryType type() {
        throw new UnsupportedOperationException("type");
    }

    /** Position of the entry. */
    public long position() {
        throw new UnsupportedOperationException("position");
    }

    /** Position after the entry: where a reader that has handled it goes on. */
    public long nextPosition() {
        throw new UnsupportedOperationException("nextPosition");
    }

    /** Base position of the entry's segment. */
    public long segment() {
        throw new UnsupportedOperationException("segment");
    }

    /** The payload, session, flag and time of the entry, whatever its type; valid until {@link #next()}. */
    public Frame frame() {
        throw new UnsupportedOperationException("frame");
    }

    /** Bytes of damaged entries that were skipped so far. */
    public long holeBytes() {
        throw new UnsupportedOperationException("holeBytes");
    }

    @Override
    public void close() {
        throw new UnsupportedOperationException("close");
    }
}
