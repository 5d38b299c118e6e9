package io.tapestream;

/** A definite obstacle at start; the message is one sentence with the remedy. */
final class CannotStartException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    CannotStartException(String message) {
        super(message);
    }

    CannotStartException(RuntimeException cause) {
        super(cause.getMessage(), cause);
    }
}
