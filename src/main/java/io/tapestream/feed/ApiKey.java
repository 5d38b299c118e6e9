package io.tapestream.feed;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/** A venue's API key; the one place that holds the secret. It prints as a mask. */
public final class ApiKey {
    private final String secret;

    private ApiKey(String secret) {
        this.secret = secret;
    }

    /** Wraps a key; it must not be blank. */
    public static ApiKey of(String secret) {
        if (secret.isBlank()) {
            throw new IllegalArgumentException(
                    "api key is blank (set finnhub.api.key, FINNHUB_API_KEY or FINNHUB_API_KEY_FILE)");
        }
        return new ApiKey(secret);
    }

    /** The key, encoded for the query of a URL; for the request line only. */
    String queryEncoded() {
        return URLEncoder.encode(secret, StandardCharsets.UTF_8).replace("+", "%20");
    }

    /** A name for the key that does not tell it: the start of its SHA-256, 16 hexadecimal digits. */
    public String fingerprint() {
        try {
            byte[] digest =
                    java.security.MessageDigest.getInstance("SHA-256").digest(secret.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest, 0, 8);
        } catch (java.security.NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    /** A text of somebody else's (a venue's, an exception's) with the key in it masked, however it is encoded. */
    String redact(String text) {
        return text.replace(queryEncoded(), toString())
                .replace(URLEncoder.encode(secret, StandardCharsets.UTF_8), toString())
                .replace(secret, toString());
    }

    @Override
    public String toString() {
        return "***";
    }
}
