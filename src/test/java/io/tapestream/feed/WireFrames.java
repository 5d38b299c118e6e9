package io.tapestream.feed;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/** Bytes as venues have sent them, from src/test/resources/payloads. */
final class WireFrames {
    private static final JsonNode FRAMES = read();

    private WireFrames() {}

    private static JsonNode read() {
        try {
            return new JsonMapper().readTree(payload("wire_frames"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** An entry of wire_frames.json. */
    static byte[] wire(String name) {
        return HexFormat.of().parseHex(FRAMES.required(name).asText());
    }

    /** A message of one of the other files. */
    static String payload(String name) {
        try (InputStream in = WireFrames.class.getResourceAsStream("/payloads/" + name + ".json")) {
            if (in == null) {
                throw new IllegalArgumentException("no payload: name=" + name);
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8).strip();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
