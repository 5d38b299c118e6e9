package io.tapestream.kinesis;

/** The producer refused a user record by validation: a defect of this program, which no retry can mend. */
public final class UnsendableRecordException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    UnsendableRecordException(String message, IllegalArgumentException cause) {
        super(message, cause);
    }
}
