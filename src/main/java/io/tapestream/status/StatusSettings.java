package io.tapestream.status;

/**
 * Settings of the status server; what each means is in {@code reference.conf}, section {@code status}.
 *
 * @param host address to bind
 * @param port port to bind; 0 for any free one, -1 for no server
 */
public record StatusSettings(String host, int port) {}
