package io.tapestream.lease;

/**
 * Who is after a lease.
 *
 * @param id of this run of the program on this host, like no other
 * @param host name of the host, for people
 * @param pid process id, for people
 */
public record Holder(String id, String host, long pid) {}
