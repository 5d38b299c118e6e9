package io.tapestream.frame;

/**
 * Says that a text is not JSON. Never leaves the package: the walker makes it the kind of the message. Without a stack
 * trace, so that one instance serves a scanner for life and broken messages cost no more than whole ones.
 */
final class MalformedJsonException extends RuntimeException {
    private static final long serialVersionUID = 1;

    MalformedJsonException() {
        super("not JSON", null, false, false);
    }
}
