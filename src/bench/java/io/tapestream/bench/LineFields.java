package io.tapestream.bench;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** Finds what is counted in a line of docs/RECORDS.md, section 4, whose keys come in a fixed order. */
final class LineFields {
    private static final byte[] TRADE_ID = ascii("{\"trade_id\":\"");
    private static final byte[] TRADED_AT = ascii(",\"traded_at\":");
    private static final byte[] RECEIVED_AT = ascii(",\"received_at\":");
    private static final int ID_LENGTH = 22;

    private final byte[] bytes;
    private final int offset;
    private final int end;

    /** A line between two offsets, its newline left out. */
    LineFields(byte[] bytes, int offset, int end) {
        this.bytes = bytes;
        this.offset = offset;
        this.end = end;
        if (indexOf(TRADE_ID, offset) != offset) {
            throw new IllegalArgumentException("not a line of a trade: length=" + (end - offset));
        }
    }

    ByteBuffer tradeId() {
        return ByteBuffer.wrap(bytes, offset + TRADE_ID.length, ID_LENGTH);
    }

    long tradedAtMillis() {
        return number(TRADED_AT);
    }

    long receivedAtMillis() {
        return number(RECEIVED_AT);
    }

    private long number(byte[] name) {
        int at = indexOf(name, offset);
        if (at < 0) {
            throw new IllegalArgumentException(
                    "line without a time: name=" + new String(name, StandardCharsets.US_ASCII));
        }
        long value = 0;
        for (int i = at + name.length; i < end && bytes[i] >= '0' && bytes[i] <= '9'; i++) {
            value = value * 10 + (bytes[i] - '0');
        }
        return value;
    }

    private int indexOf(byte[] text, int from) {
        for (int at = from; at <= end - text.length; at++) {
            if (java.util.Arrays.equals(bytes, at, at + text.length, text, 0, text.length)) {
                return at;
            }
        }
        return -1;
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
