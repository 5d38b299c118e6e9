package io.tapestream.feed;

/** Numbers that ends of connections are told with: close codes (RFC 6455 7.4 and its registry) and HTTP's. */
final class CloseCode {
    static final int NORMAL = 1000;
    static final int PROTOCOL_ERROR = 1002;
    static final int NO_CODE = 1005;
    static final int INVALID_TEXT = 1007;
    static final int POLICY = 1008;
    static final int TOO_LONG = 1009;
    static final int INTERNAL_ERROR = 1011;
    static final int TRY_AGAIN_LATER = 1013;

    static final int HTTP_SWITCHING_PROTOCOLS = 101;
    static final int HTTP_TOO_MANY_REQUESTS = 429;

    private CloseCode() {}

    /** Whether a code may be sent in a close frame (RFC 6455 7.4.2). */
    static boolean mayBeSent(int code) {
        return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
    }
}
