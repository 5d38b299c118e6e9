package io.tapestream.aws;

/** The file of certificate authorities cannot be used; the message is one sentence with the remedy. */
public final class UnusableCertificatesException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    UnusableCertificatesException(String message) {
        super(message);
    }
}
