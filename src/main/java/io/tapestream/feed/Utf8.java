package io.tapestream.feed;

import java.nio.ByteBuffer;

/** Tells whether bytes are well-formed UTF-8 (RFC 3629): no overlong form, no surrogate, nothing above U+10FFFF. */
final class Utf8 {
    private static final long EIGHT_HIGH_BITS = 0x8080_8080_8080_8080L;

    private Utf8() {}

    /** Looks at the bytes between position and limit, and moves neither. */
    static boolean isValid(ByteBuffer bytes) {
        int at = bytes.position();
        int end = bytes.limit();
        while (at < end) {
            while (end - at >= Long.BYTES && (bytes.getLong(at) & EIGHT_HIGH_BITS) == 0) {
                at += Long.BYTES;
            }
            if (at < end) {
                int length = characterLength(bytes, at, end);
                if (length == 0) {
                    return false;
                }
                at += length;
            }
        }
        return true;
    }

    /** Length of the character that begins at this offset, 0 if it is not one. */
    private static int characterLength(ByteBuffer bytes, int at, int end) {
        int first = bytes.get(at) & 0xff;
        if (first < 0x80) {
            return 1;
        }
        int length = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
        if (length == 0 || length > end - at) {
            return 0;
        }
        int second = bytes.get(at + 1) & 0xff;
        int lowest = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
        int highest = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
        if (second < lowest || second > highest) {
            return 0;
        }
        for (int i = 2; i < length; i++) {
            if ((bytes.get(at + i) & 0xc0) != 0x80) {
                return 0;
            }
        }
        return length;
    }
}
