package io.tapestream.replay;

/** A capture cannot be read as one; the message names the file, the line and the rule it breaks. */
public final class CaptureException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    CaptureException(String message) {
        super(message);
    }
}
