package io.tapestream.feed;

/** Another process on this host holds the key; the message names its process id. */
public final class KeyInUseException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    KeyInUseException(String message) {
        super(message);
    }
}
