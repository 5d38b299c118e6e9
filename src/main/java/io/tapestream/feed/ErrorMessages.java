package io.tapestream.feed;

import com.codahale.metrics.Counter;
import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Picks a venue's error messages out of a session: logs and counts them, and keeps the last as the likely cause of a
 * close that follows. They end nothing by themselves.
 *
 * <p>An error that repeats the one before it is only counted, and so are all after the first few of a session.
 */
final class ErrorMessages {
    private static final Logger LOG = LoggerFactory.getLogger(ErrorMessages.class);
    private static final JsonMapper JSON = new JsonMapper();
    private static final byte[] START_OF_TRADES = "{\"data\":[".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] ERROR = "\"error\"".getBytes(StandardCharsets.US_ASCII);
    private static final int MAX_LENGTH = 4096;
    private static final int MAX_TEXT_LENGTH = 200;
    private static final int MAX_LOGGED = 20;

    private final ApiKey key;
    private final Counter errors;
    private @Nullable String last;
    private int logged;

    ErrorMessages(ApiKey key, Counter errors) {
        this.key = key;
        this.errors = errors;
    }

    /** The text of this session's last error; null if there was none. */
    @Nullable String last() {
        return last;
    }

    /** Looks at a message, which stays as it is. Trades are told apart by their first bytes. */
    void look(ByteBuffer payload) {
        if (payload.remaining() > MAX_LENGTH || startsWith(payload, START_OF_TRADES) || !contains(payload, ERROR)) {
            return;
        }
        String text = errorText(payload);
        if (text == null) {
            return;
        }
        errors.inc();
        if (!text.equals(last) && logged++ < MAX_LOGGED) {
            LOG.warn("venue reports an error msg=\"{}\" (further ones like it are only counted: feed.errors)", text);
        }
        last = text;
    }

    private @Nullable String errorText(ByteBuffer payload) {
        byte[] bytes = new byte[payload.remaining()];
        payload.get(payload.position(), bytes);
        try {
            JsonNode message = JSON.readTree(bytes);
            if (!message.path("type").asText().equals("error")) {
                return null;
            }
            return printable(key.redact(message.path("msg").asText()));
        } catch (JacksonException e) {
            return null; // not whole JSON: counted where messages are parsed
        } catch (IOException e) {
            throw new IllegalStateException("reading from memory", e);
        }
    }

    /** A text of the venue's as it may stand in a log line: short, without control characters. */
    static String printable(String text) {
        String line = text.replaceAll("\\p{Cntrl}", " ");
        return line.length() <= MAX_TEXT_LENGTH ? line : line.substring(0, MAX_TEXT_LENGTH) + "...";
    }

    private static boolean startsWith(ByteBuffer payload, byte[] start) {
        return payload.remaining() >= start.length && matches(payload, payload.position(), start);
    }

    private static boolean contains(ByteBuffer payload, byte[] wanted) {
        int last = payload.limit() - wanted.length;
        for (int at = payload.position(); at <= last; at++) {
            if (matches(payload, at, wanted)) {
                return true;
            }
        }
        return false;
    }

    private static boolean matches(ByteBuffer payload, int offset, byte[] wanted) {
        for (int i = 0; i < wanted.length; i++) {
            if (payload.get(offset + i) != wanted[i]) {
                return false;
            }
        }
        return true;
    }
}
