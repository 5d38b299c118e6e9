package io.tapestream.frame;

/** Decodes the escapes of a JSON string (RFC 8259, section 7) in place of reading it as text. */
public final class JsonText {
    private static final int ESCAPE_LENGTH = 6;
    private static final char REPLACEMENT = '\uFFFD';

    private JsonText() {}

    /**
     * Writes the decoded UTF-8 of a string that a {@link FrameWalker} has found valid. Half of a surrogate pair, which
     * has no UTF-8, becomes U+FFFD.
     *
     * @param bytes where the string lies, from {@code offset}, {@code length} bytes
     * @param target takes the bytes from index 0; at least {@code length} long, since decoding never lengthens
     * @return how many bytes were written
     */
    public static int decode(byte[] bytes, int offset, int length, byte[] target) {
        int end = offset + length;
        int written = 0;
        int i = offset;
        while (i < end) {
            byte b = bytes[i];
            if (b != '\\') {
                target[written++] = b;
                i++;
            } else if (bytes[i + 1] != 'u') {
                target[written++] = unescaped(bytes[i + 1]);
                i += 2;
            } else {
                int codePoint = codePoint(bytes, i, end);
                written = encode(codePoint, target, written);
                i += Character.isSupplementaryCodePoint(codePoint) ? 2 * ESCAPE_LENGTH : ESCAPE_LENGTH;
            }
        }
        return written;
    }

    private static byte unescaped(byte letter) {
        return switch (letter) {
            case 'b' -> '\b';
            case 'f' -> '\f';
            case 'n' -> '\n';
            case 'r' -> '\r';
            case 't' -> '\t';
            default -> letter;
        };
    }

    private static int codePoint(byte[] bytes, int i, int end) {
        char unit = codeUnit(bytes, i);
        if (!Character.isSurrogate(unit)) {
            return unit;
        }
        int next = i + ESCAPE_LENGTH;
        if (Character.isHighSurrogate(unit)
                && next + ESCAPE_LENGTH <= end
                && bytes[next] == '\\'
                && bytes[next + 1] == 'u') {
            char low = codeUnit(bytes, next);
            return Character.isLowSurrogate(low) ? Character.toCodePoint(unit, low) : REPLACEMENT;
        }
        return REPLACEMENT;
    }

    private static char codeUnit(byte[] bytes, int escape) {
        int unit = 0;
        for (int i = escape + 2; i < escape + ESCAPE_LENGTH; i++) {
            unit = unit << 4 | Character.digit(bytes[i], 16);
        }
        return (char) unit;
    }

    private static int encode(int codePoint, byte[] target, int at) {
        int i = at;
        if (codePoint < 0x80) {
            target[i++] = (byte) codePoint;
            return i;
        }
        if (codePoint < 0x800) {
            target[i++] = (byte) (0xC0 | codePoint >> 6);
        } else {
            i = encodeLead(codePoint, target, i);
            target[i++] = continuation(codePoint >> 6);
        }
        target[i++] = continuation(codePoint);
        return i;
    }

    private static int encodeLead(int codePoint, byte[] target, int at) {
        if (codePoint < 0x10000) {
            target[at] = (byte) (0xE0 | codePoint >> 12);
            return at + 1;
        }
        target[at] = (byte) (0xF0 | codePoint >> 18);
        target[at + 1] = continuation(codePoint >> 12);
        return at + 2;
    }

    private static byte continuation(int bits) {
        return (byte) (0x80 | (bits & 0x3F));
    }
}
