package io.tapestream.feed;

/**
 * A venue's key and the right to use it.
 *
 * @param key the key
 * @param lease when a socket of the key may be open, among all hosts
 */
public record LeasedKey(ApiKey key, KeyLease lease) {}
