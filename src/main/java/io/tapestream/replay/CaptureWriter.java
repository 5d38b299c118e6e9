package io.tapestream.replay;

import io.tapestream.frame.Frame;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.zip.GZIPOutputStream;

/**
 * Writes frames as a capture of NDJSON lines, {@code {"received_at":1680286538355,"frame":"..."}}.
 *
 * <p>What it writes, {@link Captures} reads back with the same bytes. A message that is not UTF-8 goes into the field
 * {@code frame_base64} instead of {@code frame}.
 */
public final class CaptureWriter implements AutoCloseable {
    private final NdjsonWriter lines;
    private byte[] bytes = new byte[4096];
    private long frames;

    private CaptureWriter(NdjsonWriter lines) {
        this.lines = lines;
    }

    /** Writes to a stream, for example standard output; closing the writer closes it. */
    public static CaptureWriter to(OutputStream out) {
        return new CaptureWriter(new NdjsonWriter("stdout", new BufferedOutputStream(out)));
    }

    /**
     * Writes to a new file, gzip if its name ends in {@code .gz}.
     *
     * @throws UncheckedIOException the file exists or cannot be written
     */
    public static CaptureWriter create(Path file) {
        try {
            OutputStream out = Files.newOutputStream(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
            boolean isGzip = file.getFileName().toString().endsWith(".gz");
            return new CaptureWriter(new NdjsonWriter(
                    file.toString(), isGzip ? new GZIPOutputStream(out) : new BufferedOutputStream(out)));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot create capture: file=" + file + " (must be new and writable)", e);
        }
    }

    /** Writes one frame. */
    public void write(Frame frame) {
        if (bytes.length < frame.length()) {
            bytes = new byte[Math.max(frame.length(), bytes.length * 2)];
        }
        frame.buffer().get(frame.offset(), bytes, 0, frame.length());
        lines.begin()
                .field("received_at", frame.receivedAtMillis())
                .frame(bytes, frame.length())
                .end();
        frames++;
    }

    /**
     * Writes the frames of a journal from one position on and below another.
     *
     * @return how many
     */
    public long writeRange(Path journal, long fromPosition, long toPosition) {
        long before = frames;
        try (CaptureReader range = JournalCapture.ofRange(journal, fromPosition, toPosition)) {
            while (range.next()) {
                write(range.frame());
            }
        }
        return frames - before;
    }

    /** How many frames were written. */
    public long frames() {
        return frames;
    }

    @Override
    public void close() {
        lines.close();
    }
}
