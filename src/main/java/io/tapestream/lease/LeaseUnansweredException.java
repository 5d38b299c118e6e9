package io.tapestream.lease;

/** Nobody has answered, or not with yes or no: what was asked may have been done all the same. */
final class LeaseUnansweredException extends Exception {
    private static final long serialVersionUID = 1L;

    LeaseUnansweredException(String message) {
        super(message);
    }
}
