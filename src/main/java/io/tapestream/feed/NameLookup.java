package io.tapestream.feed;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;

/** Finds the addresses of a host; may wait. */
@FunctionalInterface
interface NameLookup {
    /** All addresses of the host, at least one. */
    List<InetAddress> addressesOf(String host) throws UnknownHostException;
}
