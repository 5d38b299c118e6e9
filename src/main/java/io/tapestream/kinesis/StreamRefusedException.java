package io.tapestream.kinesis;

/**
 * A definite answer about the stream or this host that no waiting will change; the message is one sentence with the
 * remedy.
 */
public final class StreamRefusedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    StreamRefusedException(String message) {
        super(message);
    }
}
