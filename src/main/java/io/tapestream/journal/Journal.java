package io.tapestream.journal;

import java.nio.file.Path;

/** The append-only log of one environment: a folder of segments, one writer, any number of readers. */
public final class Journal implements AutoCloseable {
    private Journal() {}

    /**
     * Opens the journal for writing: takes its lock, recovers a torn tail, prepares the next segment.
     *
     * @throws JournalLockedException another process writes it; names its process id
     * @throws JournalMismatchException a segment belongs to another environment, feed or stream, or has a newer format
     *     version
     * @throws java.io.UncheckedIOException the folder cannot be read or written; names the path
     */
    public static Journal open(JournalSettings settings) {
        throw new UnsupportedOperationException("open");
    }

    /** Opens a journal to read only, also while another process writes it; takes no lock and changes nothing. */
    public static Journal openReadOnly(Path directory) {
        throw new UnsupportedOperationException("openReadOnly");
    }

    /** The one appender, to be used by the event loop only. */
    public JournalAppender appender() {
        throw new UnsupportedOperationException("appender");
    }

    /**
     * A reader whose first entry is the first at or after {@code position}. Each reader is confined to one thread at a
     * time.
     */
    public JournalReader reader(long position) {
        throw new UnsupportedOperationException("reader");
    }

    /**
     * Where reading has to begin so that identities from {@code position} on come out right: the start of the second
     * segment before its own.
     */
    public long warmUpPosition(long position) {
        throw new UnsupportedOperationException("warmUpPosition");
    }

    /** The oldest retained position. */
    public long startPosition() {
        throw new UnsupportedOperationException("startPosition");
    }

    /** The position after the last entry; any thread. */
    public long endPosition() {
        throw new UnsupportedOperationException("endPosition");
    }

    /** The checkpoint: everything below it is acknowledged; any thread. */
    public long checkpoint() {
        throw new UnsupportedOperationException("checkpoint");
    }

    /**
     * The work that the event loop must not do, one round: prepares the next segment if it was taken, and, if the sync
     * interval has passed, forces the journal up to {@code acknowledgedPosition}, writes the checkpoint and deletes
     * what need not be kept. Keeper thread only; blocks on the disk.
     *
     * @param force do it all now, whatever the interval
     * @throws java.io.UncheckedIOException the disk is full or broken; the process has to stop
     */
    public void maintain(long acknowledgedPosition, boolean force) {
        throw new UnsupportedOperationException("maintain");
    }

    /** Bytes appended and not acknowledged are at the bound {@code journal.max-bytes}. */
    public boolean isFull(long acknowledgedPosition) {
        throw new UnsupportedOperationException("isFull");
    }

    @Override
    public void close() {
        throw new UnsupportedOperationException("close");
    }
}
