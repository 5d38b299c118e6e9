package io.tapestream.replay;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * What a market sent, as NDJSON: {@code {"connection":1,"sent_at":1680286538355,"frame":"..."}} for every text frame,
 * pings and errors among them, and {@code {"connection":1,"at":1680286538355,"event":"opened"}} (or {@code "closed"},
 * with a {@code "reason"}) around them. Keys of clients are not in it.
 *
 * <p>A frame is logged when it is handed to the socket. After a clean stop that is what the client was sent, up to its
 * close frame; a client that went away by itself may not have received the last frames. Confined to the event loop,
 * which writes it: a slow disk slows the market down, and loses no line.
 */
final class MarketLog implements AutoCloseable {
    private static final int BUFFER_LENGTH = 256 << 10;

    private final @Nullable NdjsonWriter lines;

    private MarketLog(@Nullable NdjsonWriter lines) {
        this.lines = lines;
    }

    /** Creates the file, or empties it; a log without a file writes nothing. */
    static MarketLog create(@Nullable Path file) {
        if (file == null) {
            return new MarketLog(null);
        }
        try {
            OutputStream out = new BufferedOutputStream(Files.newOutputStream(file), BUFFER_LENGTH);
            return new MarketLog(new NdjsonWriter(file.toString(), out));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write market log: file=" + file, e);
        }
    }

    /** A connection has shaken hands. */
    void opened(int connection, long atMillis) {
        if (lines != null) {
            lines.begin()
                    .field("connection", connection)
                    .field("at", atMillis)
                    .field("event", "opened")
                    .end();
        }
    }

    /** A connection is gone. */
    void closed(int connection, long atMillis, String reason) {
        if (lines != null) {
            lines.begin()
                    .field("connection", connection)
                    .field("at", atMillis)
                    .field("event", "closed")
                    .field("reason", reason)
                    .end();
        }
    }

    /** A text frame was handed to the socket. */
    void sent(int connection, long atMillis, byte[] bytes, int length) {
        if (lines != null) {
            lines.begin()
                    .field("connection", connection)
                    .field("sent_at", atMillis)
                    .frame(bytes, length)
                    .end();
        }
    }

    /** Hands what was logged to the operating system. */
    void flush() {
        if (lines != null) {
            lines.flush();
        }
    }

    @Override
    public void close() {
        if (lines != null) {
            lines.close();
        }
    }
}
