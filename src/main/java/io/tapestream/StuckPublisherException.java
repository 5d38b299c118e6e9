package io.tapestream;

/** The publisher thread does not go on. Its stack is that of the thread. */
final class StuckPublisherException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    StuckPublisherException(String message) {
        super(message);
    }
}
