package io.tapestream.lease;

/** The table of leases cannot be used from here; the message is one sentence with the remedy. */
public final class LeaseRefusedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    LeaseRefusedException(String message) {
        super(message);
    }
}
