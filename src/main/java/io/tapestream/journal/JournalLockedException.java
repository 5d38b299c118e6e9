package io.tapestream.journal;

/** Another process writes the journal. */
public final class JournalLockedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    JournalLockedException(String message) {
        super(message);
    }
}
