package io.tapestream.replay;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import io.tapestream.frame.Frame;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetEncoder;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * Reads a capture of NDJSON lines, {@code {"received_at": 1680286538355, "frame": "..."}}.
 *
 * <p>{@code frame} is the message as text; a message that is not UTF-8 is in {@code frame_base64} instead. Other fields
 * and empty lines are skipped. The first broken line ends the reading with an exception: a capture is test data, and
 * half of it is not what was asked for.
 */
final class NdjsonCapture implements CaptureReader {
    private static final JsonFactory JSON = JsonFactory.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxStringLength(LineReader.MAX_LINE_LENGTH)
                    .build())
            .build();

    private final Path file;
    private final LineReader lines;
    private final CharsetEncoder encoder = StandardCharsets.UTF_8.newEncoder();
    private final Frame frame = new Frame();
    private ByteBuffer payload = ByteBuffer.allocate(1024);
    private long receivedAtMillis;
    private boolean hasReceivedAt;
    private boolean hasFrame;

    private NdjsonCapture(Path file, LineReader lines) {
        this.file = file;
        this.lines = lines;
    }

    /** Opens a file, plain or gzip. */
    static NdjsonCapture open(Path file) {
        return new NdjsonCapture(file, LineReader.open(file));
    }

    @Override
    public boolean next() {
        CharBuffer line = lines.next();
        if (line == null) {
            return false;
        }
        readLine(line);
        frame.wrap(payload, 0, payload.limit()).of(0, false, receivedAtMillis);
        return true;
    }

    private void readLine(CharBuffer line) {
        hasReceivedAt = false;
        hasFrame = false;
        try (JsonParser parser =
                JSON.createParser(line.array(), line.arrayOffset() + line.position(), line.remaining())) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                throw lines.broken("must be a JSON object");
            }
            for (String name = parser.nextFieldName(); name != null; name = parser.nextFieldName()) {
                parser.nextToken();
                readField(name, parser);
            }
            if (parser.nextToken() != null) {
                throw lines.broken("must be one JSON object, nothing after it");
            }
        } catch (JsonProcessingException e) {
            throw lines.broken("must be one valid JSON object, keys not repeated; column="
                    + e.getLocation().getColumnNr());
        } catch (IOException e) {
            throw new UncheckedIOException("capture not readable: file=" + file, e);
        }
        if (!hasReceivedAt) {
            throw lines.broken("must have received_at");
        }
        if (!hasFrame) {
            throw lines.broken("must have frame or frame_base64");
        }
    }

    private void readField(String name, JsonParser parser) throws IOException {
        switch (name) {
            case "received_at" -> readReceivedAt(parser);
            case "frame" -> readText(parser);
            case "frame_base64" -> readBase64(parser);
            default -> parser.skipChildren();
        }
    }

    private void readReceivedAt(JsonParser parser) throws IOException {
        boolean isLong = parser.currentToken() == JsonToken.VALUE_NUMBER_INT
                && parser.getNumberType() != JsonParser.NumberType.BIG_INTEGER;
        if (!isLong || parser.getLongValue() < 0) {
            throw lines.broken("received_at must be a whole number of milliseconds, 0 or more");
        }
        receivedAtMillis = parser.getLongValue();
        hasReceivedAt = true;
    }

    private void readText(JsonParser parser) throws IOException {
        requireOneString("frame", parser);
        CharBuffer text = CharBuffer.wrap(parser.getTextCharacters(), parser.getTextOffset(), parser.getTextLength());
        reserve(Math.multiplyExact(text.remaining(), 3));
        CoderResult result = encoder.reset().encode(text, payload, true);
        if (result.isError()) {
            throw lines.broken("frame must not hold half of a surrogate pair");
        }
        payload.flip();
    }

    private void readBase64(JsonParser parser) throws IOException {
        requireOneString("frame_base64", parser);
        try {
            byte[] bytes = parser.getBinaryValue();
            reserve(bytes.length);
            payload.put(bytes).flip();
        } catch (JsonProcessingException e) {
            throw lines.broken("frame_base64 must be base64");
        }
    }

    private void requireOneString(String name, JsonParser parser) {
        if (parser.currentToken() != JsonToken.VALUE_STRING) {
            throw lines.broken(name + " must be a string");
        }
        if (hasFrame) {
            throw lines.broken("must have frame or frame_base64, not both");
        }
        hasFrame = true;
    }

    private void reserve(int length) {
        if (payload.capacity() < length) {
            payload = ByteBuffer.allocate(Math.max(length, Math.multiplyExact(payload.capacity(), 2)));
        }
        payload.clear();
    }

    @Override
    public Frame frame() {
        return frame;
    }

    @Override
    public void close() {
        lines.close();
    }
}
