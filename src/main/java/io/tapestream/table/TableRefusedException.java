package io.tapestream.table;

/** The table cannot be read; the message is one sentence with the remedy. */
public final class TableRefusedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    TableRefusedException(String message) {
        super(message);
    }
}
