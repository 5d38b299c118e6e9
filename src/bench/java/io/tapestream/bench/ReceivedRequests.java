package io.tapestream.bench;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.List;

/** Reads what a {@link ReceivedLog} holds, request by request. */
final class ReceivedRequests implements AutoCloseable {
    private final DataInputStream in;
    private byte[] bytes = {};
    private int length;
    private long answeredMicros;
    private boolean isCbor;
    private BitSet refused = new BitSet();

    ReceivedRequests(Path file) throws IOException {
        in = new DataInputStream(new BufferedInputStream(Files.newInputStream(file), 1 << 20));
    }

    /** Goes to the next request; false at the end. */
    boolean next() throws IOException {
        try {
            length = in.readInt();
        } catch (EOFException e) {
            return false;
        }
        answeredMicros = in.readLong();
        isCbor = in.readByte() != 0;
        long[] marks = new long[in.readInt()];
        for (int i = 0; i < marks.length; i++) {
            marks[i] = in.readLong();
        }
        refused = BitSet.valueOf(marks);
        if (bytes.length < length) {
            bytes = new byte[length];
        }
        in.readFully(bytes, 0, length);
        return true;
    }

    /** The request's bytes, and possibly more; valid until {@link #next()}. */
    byte[] bytes() {
        return bytes;
    }

    int length() {
        return length;
    }

    /** When it was answered, epoch microseconds. */
    long answeredMicros() {
        return answeredMicros;
    }

    /** The records in it. */
    List<PutEntry> entries() throws IOException {
        return PutRequest.entries(bytes, length, isCbor);
    }

    /** Whether the record at this place was refused. */
    boolean isRefused(int index) {
        return refused.get(index);
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
