package io.tapestream.bench;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.BitSet;

/**
 * The requests that an endpoint received, as they came, for reading afterwards. Any thread.
 *
 * <p>Each is: its length (4 bytes), when it was answered (8, epoch microseconds), whether it is CBOR (1), how many
 * 8-byte words follow that mark the records that were refused (4), these words, and its bytes.
 */
final class ReceivedLog implements AutoCloseable {
    static final int HEADER_LENGTH = 17;

    private final FileChannel file;

    private ReceivedLog(FileChannel file) {
        this.file = file;
    }

    /** Creates the file, or empties it. */
    static ReceivedLog create(Path path) throws IOException {
        return new ReceivedLog(FileChannel.open(
                path, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING));
    }

    /**
     * Writes a request down.
     *
     * @param refused the places of the records that were refused
     */
    void append(byte[] bytes, int length, long answeredMicros, boolean isCbor, BitSet refused) throws IOException {
        long[] marks = refused.toLongArray();
        ByteBuffer header = ByteBuffer.allocate(HEADER_LENGTH + marks.length * Long.BYTES)
                .putInt(length)
                .putLong(answeredMicros)
                .put((byte) (isCbor ? 1 : 0))
                .putInt(marks.length);
        for (long mark : marks) {
            header.putLong(mark);
        }
        ByteBuffer[] parts = {header.flip(), ByteBuffer.wrap(bytes, 0, length)};
        synchronized (this) {
            while (parts[1].hasRemaining()) {
                file.write(parts);
            }
        }
    }

    @Override
    public synchronized void close() throws IOException {
        file.close();
    }
}
