package io.tapestream.aws;

import java.io.EOFException;
import java.net.SocketException;
import java.security.cert.CertificateException;
import java.util.Set;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.exception.SdkException;

/**
 * What an exception of the SDK means for the one who asked.
 *
 * @param kind what to do about it
 * @param status the answer's HTTP status; 0 if there was none
 * @param code AWS's code of the error; empty if there was none
 * @param message what was said about it
 */
public record SdkFailure(Kind kind, int status, String code, String message) {
    /** What to do about a failure. */
    public enum Kind {
        /** What was asked for does not exist. */
        NOT_FOUND,
        /** Not with these credentials. */
        DENIED,
        /** The request is wrong, and will be the next time. */
        REFUSED,
        /** The endpoint's certificate is signed by nobody who is trusted, or is another host's. */
        UNTRUSTED,
        /** The endpoint does not speak TLS. */
        NO_TLS,
        /** Nobody answered, or not now: it may be answered later. */
        TRANSIENT
    }

    /** Error codes that say: not with these credentials. */
    private static final Set<String> DENIALS = Set.of(
            "AccessDenied",
            "AccessDeniedException",
            "ExpiredToken",
            "ExpiredTokenException",
            "IncompleteSignature",
            "IncompleteSignatureException",
            "InvalidClientTokenId",
            "InvalidSignatureException",
            "MissingAuthenticationToken",
            "MissingAuthenticationTokenException",
            "NotAuthorized",
            "OptInRequired",
            "SignatureDoesNotMatch",
            "UnrecognizedClientException");

    /** Codes of throttling that the SDK does not know for it. */
    private static final Set<String> THROTTLES = Set.of("LimitExceededException", "RequestLimitExceeded");

    /** Reads an exception. */
    public static SdkFailure of(SdkException e) {
        return e instanceof AwsServiceException answered ? ofAnswer(answered) : ofNoAnswer(e);
    }

    private static SdkFailure ofAnswer(AwsServiceException e) {
        String code = e.awsErrorDetails() == null
                ? ""
                : String.valueOf(e.awsErrorDetails().errorCode());
        String message = e.awsErrorDetails() == null
                ? ""
                : String.valueOf(e.awsErrorDetails().errorMessage());
        return new SdkFailure(kind(e, code), e.statusCode(), code, message);
    }

    private static Kind kind(AwsServiceException e, String code) {
        if (code.equals("ResourceNotFoundException")) {
            return Kind.NOT_FOUND;
        }
        if (DENIALS.contains(code)) {
            return Kind.DENIED;
        }
        boolean isThrottled = e.isThrottlingException() || THROTTLES.contains(code);
        return e.statusCode() >= 400 && e.statusCode() < 500 && !isThrottled ? Kind.REFUSED : Kind.TRANSIENT;
    }

    /** A handshake that failed will fail again, unless the connection was only cut. */
    private static SdkFailure ofNoAnswer(SdkException e) {
        SSLException failed = cause(e, SSLException.class);
        if (failed == null
                || cause(failed, EOFException.class) != null
                || cause(failed, SocketException.class) != null) {
            return new SdkFailure(Kind.TRANSIENT, 0, "", e.toString());
        }
        boolean isUntrusted = cause(failed, CertificateException.class) != null;
        return new SdkFailure(isUntrusted ? Kind.UNTRUSTED : Kind.NO_TLS, 0, "", String.valueOf(failed.getMessage()));
    }

    private static <T extends Throwable> @Nullable T cause(Throwable e, Class<T> type) {
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (type.isInstance(cause)) {
                return type.cast(cause);
            }
        }
        return null;
    }

    /** Why there are no credentials; null if there are. */
    public static @Nullable String ofCredentials(AwsCredentialsProvider credentials) {
        try {
            credentials.resolveCredentials();
            return null;
        } catch (RuntimeException e) { // A profile file with a mistake is not an SdkException.
            return String.valueOf(e.getMessage());
        }
    }
}
