package io.tapestream.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;

/** Reads the CBOR (RFC 8949) that the AWS SDK writes: maps, arrays, texts, bytes and integers. */
final class CborReader {
    private static final int INTEGER = 0;
    private static final int NEGATIVE = 1;
    private static final int BYTES = 2;
    private static final int TEXT = 3;
    private static final int ARRAY = 4;
    private static final int MAP = 5;
    private static final int TAG = 6;
    private static final int BREAK = 0xFF;

    /** What a map or an array has whose end is marked. */
    private static final long UNTIL_BREAK = Long.MIN_VALUE / 2;

    private final byte[] bytes;
    private final int length;
    private int position;

    CborReader(byte[] bytes, int length) {
        this.bytes = bytes;
        this.length = length;
    }

    /** Where it reads on. */
    int position() {
        return position;
    }

    /** How many pairs the map has that begins here, as {@link #hasNext} takes it. */
    long mapLength() throws IOException {
        return argument(MAP);
    }

    /** How many elements the array has that begins here, as {@link #hasNext} takes it. */
    long arrayLength() throws IOException {
        return argument(ARRAY);
    }

    /** Whether there is another element or pair, if so many are left; goes past the mark of the end. */
    boolean hasNext(long left) throws IOException {
        if (left > UNTIL_BREAK / 2) {
            return left > 0;
        }
        if (peek() == BREAK) {
            position++;
            return false;
        }
        return true;
    }

    /** The text that begins here. */
    String text() throws IOException {
        int count = range(argument(TEXT));
        position += count;
        return new String(bytes, position - count, count, StandardCharsets.UTF_8);
    }

    /** Goes past the bytes that begin here; returns how many. */
    int skipBytes() throws IOException {
        int count = range(argument(BYTES));
        position += count;
        return count;
    }

    /** Goes past any value. */
    void skip() throws IOException {
        int major = peek() >> 5;
        switch (major) {
            case INTEGER, NEGATIVE -> argument(major);
            case BYTES, TEXT -> {
                int count = range(argument(major));
                position += count;
            }
            case TAG -> {
                argument(major);
                skip();
            }
            case ARRAY, MAP -> {
                long left = argument(major);
                while (hasNext(left--)) {
                    skip();
                    if (major == MAP) {
                        skip();
                    }
                }
            }
            default -> simple();
        }
    }

    private void simple() throws IOException {
        int kind = next() & 0x1F;
        position += kind < 24 ? 0 : 1 << (kind - 24);
    }

    private long argument(int major) throws IOException {
        int initial = next();
        if (initial >> 5 != major) {
            throw new IOException("CBOR of another type: type=" + (initial >> 5) + " expected=" + major + " position="
                    + (position - 1));
        }
        int kind = initial & 0x1F;
        if (kind == 0x1F) {
            return UNTIL_BREAK;
        }
        if (kind < 24) {
            return kind;
        }
        long value = 0;
        for (int i = 0; i < 1 << (kind - 24); i++) {
            value = value << 8 | next();
        }
        return value;
    }

    private int range(long count) throws IOException {
        if (count < 0 || count > length - position) {
            throw new IOException("CBOR longer than its request: length=" + count + " left=" + (length - position));
        }
        return (int) count;
    }

    private int peek() throws IOException {
        if (position >= length) {
            throw new IOException("CBOR ends too early: length=" + length);
        }
        return bytes[position] & 0xFF;
    }

    private int next() throws IOException {
        int value = peek();
        position++;
        return value;
    }
}
