package io.tapestream.feed;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How an attempt to connect, or the session that came of it, ended.
 *
 * @param kind what kind of end
 * @param code status of the HTTP answer, or code of the close frame; 0 where there is none
 * @param reason for people, and for the journal; never the key
 * @param retryAfter how long the venue asked to be left alone
 */
record ConnectionEnd(
        Kind kind, int code, String reason, @Nullable Duration retryAfter) {
    /** What kind of end. */
    enum Kind {
        /** Asked for on our side. */
        REQUESTED,
        /** No connection, or none any more: name lookup, refused, reset, timeout. */
        LOST,
        /** Nothing was received for too long. */
        SILENT,
        /** The venue sent a close frame. */
        CLOSED,
        /** The venue broke a rule of the protocol, or a limit of ours, and was sent a close frame. */
        BROKEN,
        /** The venue answered the handshake with something else than 101. */
        REFUSED,
        /** The venue's certificate is not good, or it does not speak TLS. */
        UNTRUSTED,
        /** A handler of ours threw. */
        FAILED,
        /** The key's lease is over: somebody else may have the key. */
        UNLEASED
    }

    static ConnectionEnd of(Kind kind, String reason) {
        return new ConnectionEnd(kind, 0, reason, null);
    }

    static ConnectionEnd of(Kind kind, int code, String reason) {
        return new ConnectionEnd(kind, code, reason, null);
    }
}
