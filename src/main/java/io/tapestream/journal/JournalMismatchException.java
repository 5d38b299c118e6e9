package io.tapestream.journal;

/**
 * The journal belongs to another environment, feed or stream, or has a format version that this program does not know.
 */
public final class JournalMismatchException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    JournalMismatchException(String message) {
        super(message);
    }
}
