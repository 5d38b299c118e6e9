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
public record RecordSettings(String feed, Map<String, String> venues, int buckets, int maxBytes) {}
