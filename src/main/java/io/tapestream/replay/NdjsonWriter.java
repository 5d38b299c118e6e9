package io.tapestream.replay;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;

/**
 * Writes lines of NDJSON, of which frames are a field: as text, or, where a frame is not UTF-8, as base64 under a name
 * of its own. Either way its bytes can be had back exactly.
 */
final class NdjsonWriter implements AutoCloseable {
    private static final JsonFactory JSON = new JsonFactory();

    private final String name;
    private final JsonGenerator json;
    private final CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();
    private final CharBuffer scratch = CharBuffer.allocate(4096);

    /**
     * Writes to a stream.
     *
     * @param name what is written, for errors: its path
     */
    NdjsonWriter(String name, OutputStream out) {
        this.name = name;
        try {
            json = JSON.createGenerator(out);
            json.setRootValueSeparator(null);
        } catch (IOException e) {
            throw failed(e);
        }
    }

    /** Begins a line. */
    NdjsonWriter begin() {
        try {
            json.writeStartObject();
            return this;
        } catch (IOException e) {
            throw failed(e);
        }
    }

    /** A number. */
    NdjsonWriter field(String key, long value) {
        try {
            json.writeNumberField(key, value);
            return this;
        } catch (IOException e) {
            throw failed(e);
        }
    }

    /** A text. */
    NdjsonWriter field(String key, String value) {
        try {
            json.writeStringField(key, value);
            return this;
        } catch (IOException e) {
            throw failed(e);
        }
    }

    /** A frame, {@code frame} or {@code frame_base64}. */
    NdjsonWriter frame(byte[] bytes, int length) {
        try {
            if (isUtf8(bytes, length)) {
                json.writeFieldName("frame");
                json.writeUTF8String(bytes, 0, length);
            } else {
                json.writeFieldName("frame_base64");
                json.writeBinary(bytes, 0, length);
            }
            return this;
        } catch (IOException e) {
            throw failed(e);
        }
    }

    /** Ends the line. */
    void end() {
        try {
            json.writeEndObject();
            json.writeRaw('\n');
        } catch (IOException e) {
            throw failed(e);
        }
    }

    /** Hands everything to the stream, and flushes that. */
    void flush() {
        try {
            json.flush();
        } catch (IOException e) {
            throw failed(e);
        }
    }

    @Override
    public void close() {
        try {
            json.close();
        } catch (IOException e) {
            throw failed(e);
        }
    }

    private boolean isUtf8(byte[] bytes, int length) {
        ByteBuffer in = ByteBuffer.wrap(bytes, 0, length);
        decoder.reset();
        CoderResult result = CoderResult.OVERFLOW;
        while (result.isOverflow()) {
            result = decoder.decode(in, scratch.clear(), true);
        }
        return !result.isError();
    }

    private UncheckedIOException failed(IOException e) {
        return new UncheckedIOException("not writable: file=" + name, e);
    }
}
