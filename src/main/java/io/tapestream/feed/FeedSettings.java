package io.tapestream.feed;

import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Settings of the feed; what each means is in {@code reference.conf}, section {@code feed}.
 *
 * @param uri wss (or, on loopback only, ws) address of the venue, without the key
 * @param caFile PEM file of the authorities that the venue's certificate is checked against; null for the usual ones
 * @param symbols symbols to subscribe, in order
 * @param symbolLimit a warning is given when more symbols than this are configured
 * @param maxMessageLength longest message, reassembled, bytes
 * @param connectTimeout bound of connect, TLS and handshake together
 * @param silenceTimeout nothing received for this long: reconnect
 * @param backoffMin upper bound of the first wait before a reconnect
 * @param backoffMax upper bound of every such wait
 * @param stableAfter a session this old resets the back-off
 * @param retryAfterMax longest wait that a venue may ask for
 * @param policyRetries closes with 1008 in a row, without a stable session between, after which it is degraded and
 *     tries at backoffMax only
 * @param keyLockDirectory per-host folder of the locks on keys
 */
public record FeedSettings(
        URI uri,
        @Nullable Path caFile,
        List<String> symbols,
        int symbolLimit,
        int maxMessageLength,
        Duration connectTimeout,
        Duration silenceTimeout,
        Duration backoffMin,
        Duration backoffMax,
        Duration stableAfter,
        Duration retryAfterMax,
        int policyRetries,
        Path keyLockDirectory) {}
