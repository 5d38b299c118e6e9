package io.tapestream.feed;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.format.DateTimeFormatter;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The head of a venue's answer to the handshake.
 *
 * @param status its status code
 * @param headers its headers by name in lower case; values of a repeated one joined by commas
 */
record HandshakeAnswer(int status, Map<String, String> headers) {
    private static final Pattern STATUS_LINE = Pattern.compile("HTTP/1\\.[01] ([1-9]\\d\\d)( .*)?");
    private static final Pattern SECONDS = Pattern.compile("\\d{1,9}");
    private static final String ACCEPT_SALT = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

    HandshakeAnswer {
        headers = Map.copyOf(headers);
    }

    /** Reads the lines before the first empty one; null if they are not a head of HTTP/1. */
    static @Nullable HandshakeAnswer parse(String head) {
        String[] lines = head.split("\r\n", -1);
        Matcher statusLine = STATUS_LINE.matcher(lines[0]);
        if (!statusLine.matches()) {
            return null;
        }
        Map<String, String> headers = new LinkedHashMap<>();
        for (String line : Arrays.asList(lines).subList(1, lines.length)) {
            int colon = line.indexOf(':');
            if (colon > 0) {
                String name = line.substring(0, colon).toLowerCase(Locale.ROOT);
                headers.merge(name, line.substring(colon + 1).strip(), (a, b) -> a + ", " + b);
            }
        }
        return new HandshakeAnswer(Integer.parseInt(statusLine.group(1)), headers);
    }

    /** What is wrong with this answer to a request with this Sec-WebSocket-Key (RFC 6455 4.1); null if nothing is. */
    @Nullable String problem(String requestKey) {
        if (status != CloseCode.HTTP_SWITCHING_PROTOCOLS) {
            return "status=" + status;
        }
        if (!headers.getOrDefault("upgrade", "").equalsIgnoreCase("websocket")
                || !hasToken(headers.getOrDefault("connection", ""), "upgrade")) {
            return "status=101 without an upgrade to websocket";
        }
        if (!acceptOf(requestKey).equals(headers.get("sec-websocket-accept"))) {
            return "status=101 with a wrong Sec-WebSocket-Accept";
        }
        if (headers.containsKey("sec-websocket-extensions") || headers.containsKey("sec-websocket-protocol")) {
            return "status=101 with an extension or protocol that was not offered";
        }
        return null;
    }

    /** How long the venue asks to be left alone; null if it does not, or not in a known form. */
    @Nullable Duration retryAfter(InstantSource clock) {
        String value = headers.get("retry-after");
        if (value == null) {
            return null;
        }
        if (SECONDS.matcher(value).matches()) {
            return Duration.ofSeconds(Long.parseLong(value));
        }
        try {
            Instant until = Instant.from(DateTimeFormatter.RFC_1123_DATE_TIME.parse(value));
            Duration wait = Duration.between(clock.instant(), until);
            return wait.isNegative() ? Duration.ZERO : wait;
        } catch (DateTimeException e) {
            return null;
        }
    }

    static String acceptOf(String requestKey) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-1")
                    .digest((requestKey + ACCEPT_SALT).getBytes(StandardCharsets.US_ASCII));
            return Base64.getEncoder().encodeToString(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-1", e);
        }
    }

    private static boolean hasToken(String list, String token) {
        return Arrays.stream(list.split(",")).map(String::strip).anyMatch(token::equalsIgnoreCase);
    }
}
