package io.tapestream.replay;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Settings of a market, one for each option of {@code tapestream market}.
 *
 * @param captures {@code --capture}, any number: files and folders as {@link Captures} takes them, played in this order
 * @param host {@code --host}: address to listen on; {@code 127.0.0.1} unless somebody else has to reach it
 * @param port {@code --port}: port to listen on; 0 for any free one
 * @param certificate {@code --tls-cert}: PEM file of the certificate and its chain; with it the market speaks wss. Null
 *     for ws
 * @param privateKey {@code --tls-key}: PEM file of the certificate's key, PKCS#8, not encrypted; given if and only if
 *     the certificate is
 * @param keys {@code --key}, any number: the API keys that are let in; empty for any key that is not
 * @param speed {@code --speed N} (a factor; original is 1), {@code --speed max}, or {@code --rate trades/s}
 * @param loop {@code --loop}: play on from the beginning, with later times, at the end
 * @param now {@code --now}: move all times so that the first frame is received at the market's start; otherwise the
 *     first round keeps its own
 * @param symbolLimit {@code --symbol-limit}: how many symbols a connection may subscribe; 50, as the venue's free plan
 * @param pingInterval {@code --ping-interval}: how often each connection gets the text ping; 60 s, as the venue
 * @param startDelay {@code --start-delay}: how long after the first subscription the captures begin to play, so that
 *     that client's other subscriptions miss nothing; 200 ms
 * @param maxConnections {@code --max-connections}: how many connections there may be; one more is answered with 503; 16
 * @param maxMessageLength longest message from a client, bytes; a longer one closes its connection with 1009; 64 KiB
 * @param log {@code --log}: NDJSON file of every frame sent, written anew; null for none
 */
public record MarketSettings(
        List<Path> captures,
        String host,
        int port,
        @Nullable Path certificate,
        @Nullable Path privateKey,
        Set<String> keys,
        Speed speed,
        boolean loop,
        boolean now,
        int symbolLimit,
        Duration pingInterval,
        Duration startDelay,
        int maxConnections,
        int maxMessageLength,
        @Nullable Path log) {
    /** Checks what can be checked without opening anything. */
    public MarketSettings {
        captures = List.copyOf(captures);
        keys = Set.copyOf(keys);
        require((certificate == null) == (privateKey == null), "certificate and key given one without the other");
        require(symbolLimit > 0, "symbol limit not positive: value=" + symbolLimit);
        require(maxConnections > 0, "max connections not positive: value=" + maxConnections);
        require(maxMessageLength > 0, "max message length not positive: value=" + maxMessageLength);
        require(pingInterval.toMillis() > 0, "ping interval not positive: value=" + pingInterval);
        require(!startDelay.isNegative(), "start delay negative: value=" + startDelay);
    }

    private static void require(boolean holds, String problem) {
        if (!holds) {
            throw new IllegalArgumentException(problem);
        }
    }
}
