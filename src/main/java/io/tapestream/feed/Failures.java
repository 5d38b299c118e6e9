package io.tapestream.feed;

import io.netty.handler.ssl.NotSslRecordException;
import java.net.UnknownHostException;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.util.Locale;
import javax.net.ssl.SSLHandshakeException;
import org.jspecify.annotations.Nullable;

/** Puts exceptions of a connection into words. */
final class Failures {
    private Failures() {}

    /** A failure of TLS before anything was sent over it: the venue's identity, or only the network. */
    static ConnectionEnd tls(Throwable cause) {
        if (find(cause, NotSslRecordException.class) != null) {
            return ConnectionEnd.of(
                    ConnectionEnd.Kind.UNTRUSTED,
                    "venue does not speak TLS (check host and port of feed.uri; key not sent)");
        }
        Throwable certificate = find(cause, CertificateException.class);
        if (certificate == null) {
            certificate = find(cause, CertPathValidatorException.class);
        }
        if (certificate != null) {
            return ConnectionEnd.of(
                    ConnectionEnd.Kind.UNTRUSTED,
                    "venue's certificate refused: " + deepest(certificate)
                            + " (check feed.uri and feed.ca-file; key not sent)");
        }
        boolean isRefusal = find(cause, SSLHandshakeException.class) != null;
        return ConnectionEnd.of(ConnectionEnd.Kind.LOST, (isRefusal ? "tls handshake failed: " : "") + text(cause));
    }

    /** What happened, in a few words. */
    static String text(Throwable cause) {
        if (cause instanceof UnknownHostException) {
            return "host name not found: " + message(cause);
        }
        return message(cause);
    }

    private static String deepest(Throwable cause) {
        Throwable deepest = cause;
        for (int depth = 0; deepest.getCause() != null && depth < 16; depth++) {
            deepest = deepest.getCause();
        }
        if (deepest instanceof CertificateExpiredException) {
            return "expired, " + deepest.getMessage();
        }
        return deepest instanceof CertificateNotYetValidException
                ? "not valid yet, " + deepest.getMessage()
                : message(deepest);
    }

    private static String message(Throwable cause) {
        String message = cause.getMessage();
        return message == null ? cause.getClass().getSimpleName() : decapitalised(message.replaceAll("\\.$", ""));
    }

    private static String decapitalised(String text) {
        boolean isWord = text.length() > 1 && Character.isLowerCase(text.charAt(1));
        return isWord ? text.substring(0, 1).toLowerCase(Locale.ROOT) + text.substring(1) : text;
    }

    private static @Nullable Throwable find(Throwable cause, Class<? extends Throwable> type) {
        Throwable at = cause;
        for (int depth = 0; at != null && depth < 16; depth++) {
            if (type.isInstance(at)) {
                return at;
            }
            at = at.getCause();
        }
        return null;
    }
}
