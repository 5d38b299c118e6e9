package io.tapestream.record;

import java.util.Map;

/**
 * Settings of records; what each means is in {@code reference.conf}, sections {@code record} and {@code kinesis}.
 *
 * @param feed the feed's name, part of every identity
 * @param venues asset class ({@code forex}, {@code crypto}, {@code stock}) by a symbol's prefix before its first colon
 * @param buckets number of buckets symbols fall into
 * @param maxBytes longest user record, bytes
 */
public record RecordSettings(String feed, Map<String, String> venues, int buckets, int maxBytes) {
    /** Refuses what cannot hold every line. */
    public RecordSettings {
        if (buckets < 1) {
            throw new IllegalArgumentException("no bucket: buckets=" + buckets + " (expected: 1 or more)");
        }
        if (maxBytes < TradeLine.MAX_LENGTH) {
            throw new IllegalArgumentException("user record too short for the longest line: maxBytes=" + maxBytes
                    + " (expected: " + TradeLine.MAX_LENGTH + " or more)");
        }
    }
}
