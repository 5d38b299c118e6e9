package io.tapestream.feed;

import java.net.InetAddress;
import java.net.URI;
import java.util.regex.Pattern;

/**
 * Where a venue is reached; made from a URI that may not carry the key off in the clear.
 *
 * @param isTls whether the connection is encrypted and the host's name verified
 * @param host name or address, without the brackets of an IPv6 address
 * @param port TCP port
 * @param path path of the request, with the query that the URI came with
 */
record Endpoint(boolean isTls, String host, int port, String path) {
    private static final Pattern LOOPBACK = Pattern.compile("localhost|127(\\.\\d{1,3}){3}|::1|(0+:){7}0*1");

    /** The endpoint of a venue's address, which is refused if the key could be read on the way. */
    static Endpoint of(URI configured) {
        URI uri = URI.create(configured.toASCIIString());
        String scheme = uri.getScheme();
        boolean isTls = "wss".equalsIgnoreCase(scheme);
        if (!isTls && !"ws".equalsIgnoreCase(scheme)) {
            throw refused("scheme is not that of a WebSocket", uri, "wss, or ws on loopback");
        }
        if (uri.getHost() == null || uri.getRawUserInfo() != null || uri.getRawFragment() != null) {
            throw refused("address is not a venue's", uri, "wss://host[:port]/[path], without user and fragment");
        }
        String host = uri.getHost().replaceAll("[\\[\\]]", "");
        if (!isTls && !LOOPBACK.matcher(host).matches()) {
            throw refused("ws would send the key in the clear", uri, "wss, or ws on loopback");
        }
        int port = uri.getPort() >= 0 ? uri.getPort() : isTls ? 443 : 80;
        String path = uri.getRawPath().isEmpty() ? "/" : uri.getRawPath();
        return new Endpoint(isTls, host, port, uri.getRawQuery() == null ? path : path + '?' + uri.getRawQuery());
    }

    /** Only scheme, host and port are told: somebody may have put the key into the rest. */
    private static IllegalArgumentException refused(String what, URI uri, String expected) {
        return new IllegalArgumentException(what + ": feed.uri=" + uri.getScheme() + "://" + uri.getHost()
                + (uri.getPort() < 0 ? "" : ":" + uri.getPort()) + " (expected: " + expected + ")");
    }

    /** Whether the key may be sent to this address. */
    boolean mayReach(InetAddress address) {
        return isTls || address.isLoopbackAddress();
    }

    /** The value of the request's Host header. */
    String hostHeader() {
        String name = host.indexOf(':') >= 0 ? '[' + host + ']' : host;
        return port == (isTls ? 443 : 80) ? name : name + ':' + port;
    }

    /** The target of the request line: the one place that the key is written to. */
    String requestTarget(ApiKey key) {
        return path + (path.indexOf('?') < 0 ? '?' : '&') + "token=" + key.queryEncoded();
    }

    @Override
    public String toString() {
        return (isTls ? "wss://" : "ws://") + hostHeader();
    }
}
