package io.tapestream.record;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Writes text into a line: JSON strings with the escapes of docs/RECORDS.md section 4, integers, base64url. */
final class LineText {
    private static final byte[] HEX = "0123456789abcdef".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] BASE64URL =
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".getBytes(StandardCharsets.US_ASCII);

    /** The two characters of each twelve bits, the first the least significant. */
    private static final short[] BASE64URL_PAIRS = pairs();

    private static final VarHandle PAIR = MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);

    /** Characters of 128 bits in base64url without padding. */
    static final int ID_LENGTH = 22;

    /** Most digits that {@link #writeLong} writes. */
    static final int MAX_LONG_LENGTH = 19;

    private LineText() {}

    /** The text as it stands between the quotation marks of a JSON string. */
    static byte[] escaped(String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        byte[] target = new byte[escapedLength(utf8, 0, utf8.length)];
        writeEscaped(utf8, 0, utf8.length, target, 0);
        return target;
    }

    /** How many bytes {@link #writeEscaped} writes. */
    static int escapedLength(byte[] utf8, int offset, int length) {
        int total = length;
        for (int i = offset; i < offset + length; i++) {
            byte c = utf8[i];
            if (c == '"' || c == '\\') {
                total++;
            } else if (c >= 0 && c < ' ') {
                total += shortEscape(c) == 0 ? 5 : 1;
            }
        }
        return total;
    }

    /** Writes UTF-8 with the characters escaped that have to be; returns the end. */
    static int writeEscaped(byte[] utf8, int offset, int length, byte[] target, int targetOffset) {
        int at = targetOffset;
        for (int i = offset; i < offset + length; i++) {
            byte c = utf8[i];
            if (c == '"' || c == '\\') {
                target[at++] = '\\';
                target[at++] = c;
            } else if (c >= 0 && c < ' ') {
                at = writeControl(c, target, at);
            } else {
                target[at++] = c;
            }
        }
        return at;
    }

    private static int writeControl(byte c, byte[] target, int targetOffset) {
        int at = targetOffset;
        target[at++] = '\\';
        byte shortEscape = shortEscape(c);
        if (shortEscape != 0) {
            target[at++] = shortEscape;
            return at;
        }
        target[at++] = 'u';
        target[at++] = '0';
        target[at++] = '0';
        target[at++] = HEX[c >> 4];
        target[at++] = HEX[c & 15];
        return at;
    }

    private static byte shortEscape(byte c) {
        return switch (c) {
            case '\b' -> 'b';
            case '\t' -> 't';
            case '\n' -> 'n';
            case '\f' -> 'f';
            case '\r' -> 'r';
            default -> 0;
        };
    }

    /** Writes a value of 0 or more in decimal digits; returns the end. */
    static int writeLong(long value, byte[] target, int targetOffset) {
        int end = targetOffset + 1;
        for (long rest = value / 10; rest > 0; rest /= 10) {
            end++;
        }
        long rest = value;
        for (int at = end - 1; at >= targetOffset; at--) {
            target[at] = (byte) ('0' + rest % 10);
            rest /= 10;
        }
        return end;
    }

    /** Writes 128 bits, the most significant first, as base64url without padding (RFC 4648, section 5). */
    static int writeId(long high, long low, byte[] target, int targetOffset) {
        int at = targetOffset;
        for (int shift = 52; shift >= 4; shift -= 12) {
            at = writePair(high >>> shift, target, at);
        }
        at = writePair((high << 8) | (low >>> 56), target, at);
        for (int shift = 44; shift >= 8; shift -= 12) {
            at = writePair(low >>> shift, target, at);
        }
        return writePair(low << 4, target, at);
    }

    private static int writePair(long bits, byte[] target, int at) {
        PAIR.set(target, at, BASE64URL_PAIRS[(int) bits & 0xFFF]);
        return at + 2;
    }

    private static short[] pairs() {
        short[] pairs = new short[1 << 12];
        for (int bits = 0; bits < pairs.length; bits++) {
            pairs[bits] = (short) (BASE64URL[bits >> 6] | (BASE64URL[bits & 63] << 8));
        }
        return pairs;
    }
}
