package io.tapestream.replay;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;
import org.jspecify.annotations.Nullable;

/** Reads the lines of a UTF-8 file, plain or gzip, one at a time, and knows their numbers. */
final class LineReader implements AutoCloseable {
    /** Longest line, bytes: far more than the longest message that a feed takes. */
    static final int MAX_LINE_LENGTH = 64 << 20;

    private static final int CHUNK_LENGTH = 64 << 10;
    private static final char BYTE_ORDER_MARK = '\uFEFF';

    private final Path file;
    private final InputStream in;
    private final CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();
    private final byte[] chunk = new byte[CHUNK_LENGTH];
    private int chunkOffset;
    private int chunkLength;
    private byte[] line = new byte[4096];
    private int lineLength;
    private CharBuffer text = CharBuffer.allocate(4096);
    private long lineNumber;

    private LineReader(Path file, InputStream in) {
        this.file = file;
        this.in = in;
    }

    /** Opens a file; gzip is told by its content. */
    static LineReader open(Path file) {
        try {
            BufferedInputStream in = new BufferedInputStream(Files.newInputStream(file), CHUNK_LENGTH);
            in.mark(2);
            boolean isGzip = in.read() == 0x1f && in.read() == 0x8b;
            in.reset();
            return new LineReader(file, isGzip ? new GZIPInputStream(in, CHUNK_LENGTH) : in);
        } catch (EOFException | ZipException e) {
            throw new CaptureException("capture not readable: file=" + file + " line=1 (gzip data must be whole)");
        } catch (IOException e) {
            throw new UncheckedIOException("capture not readable: file=" + file, e);
        }
    }

    /** The next line that is not blank, without its end, valid until the next call; null after the last. */
    @Nullable CharBuffer next() {
        try {
            do {
                lineNumber++;
                if (!readLine()) {
                    return null;
                }
            } while (isBlank());
            return decoded();
        } catch (EOFException | ZipException e) {
            throw broken("gzip data must be whole");
        } catch (IOException e) {
            throw new UncheckedIOException("capture not readable: file=" + file + " line=" + lineNumber, e);
        }
    }

    /** The exception that says which rule the current line breaks. */
    CaptureException broken(String rule) {
        return new CaptureException("capture line broken: file=" + file + " line=" + lineNumber + " (" + rule + ")");
    }

    private boolean readLine() throws IOException {
        lineLength = 0;
        while (true) {
            if (chunkOffset == chunkLength && !readChunk()) {
                return lineLength > 0;
            }
            int end = chunkOffset;
            while (end < chunkLength && chunk[end] != '\n') {
                end++;
            }
            append(end);
            if (end < chunkLength) {
                chunkOffset = end + 1;
                return true;
            }
            chunkOffset = end;
        }
    }

    private boolean isBlank() {
        for (int i = 0; i < lineLength; i++) {
            if (line[i] != ' ' && line[i] != '\t' && line[i] != '\r') {
                return false;
            }
        }
        return true;
    }

    private boolean readChunk() throws IOException {
        chunkOffset = 0;
        chunkLength = Math.max(0, in.read(chunk, 0, chunk.length));
        return chunkLength > 0;
    }

    private void append(int end) {
        int added = end - chunkOffset;
        if (added > MAX_LINE_LENGTH - lineLength) {
            throw broken("must be at most " + MAX_LINE_LENGTH + " bytes");
        }
        if (line.length < lineLength + added) {
            line = Arrays.copyOf(line, Math.max(lineLength + added, line.length * 2));
        }
        System.arraycopy(chunk, chunkOffset, line, lineLength, added);
        lineLength += added;
    }

    private CharBuffer decoded() {
        if (text.capacity() < lineLength) {
            text = CharBuffer.allocate(line.length);
        }
        text.clear();
        if (decoder.reset()
                .decode(ByteBuffer.wrap(line, 0, lineLength), text, true)
                .isError()) {
            throw broken("must be UTF-8");
        }
        text.flip();
        if (lineNumber == 1 && text.hasRemaining() && text.get(0) == BYTE_ORDER_MARK) {
            text.position(1);
        }
        return text;
    }

    @Override
    public void close() {
        try {
            in.close();
        } catch (IOException e) {
            throw new UncheckedIOException("capture not closable: file=" + file, e);
        }
    }
}
