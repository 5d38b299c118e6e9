package io.tapestream.frame;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * A cursor over one JSON text (RFC 8259, UTF-8) that takes its tokens in place and refuses whatever the grammar does
 * not allow.
 *
 * <p>Between two calls the cursor stands on a byte that is not white space, or at the end. The end reads as the byte 0,
 * which JSON allows nowhere, so that a cut text needs no checks of its own. Every method that does not find what it is
 * named after throws {@link MalformedJsonException}.
 */
final class JsonScanner {
    /** How many objects and arrays may lie in each other. */
    static final int MAX_DEPTH = 512;

    /** Zeros that have to stand behind a text: no fewer than are looked at at a time. */
    static final int PADDING = 2 * Long.BYTES;

    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private static final long EACH_BYTE = 0x0101_0101_0101_0101L;
    private static final long HIGH_BITS = 0x8080_8080_8080_8080L;

    /** A key of one letter and its colon, the letter left out. */
    private static final int LETTER_KEY = '"' | ('"' << 16) | (':' << 24);

    private final MalformedJsonException malformed = new MalformedJsonException();

    private byte[] bytes = new byte[PADDING];
    private int at;
    private int limit;
    private int depth;
    private int lastEnd;

    private int tokenOffset;
    private int tokenLength;
    private boolean escaped;
    private boolean loneSurrogate;

    /**
     * Moves to the first token of a text, which is the array's first {@code length} bytes, with {@link #PADDING} zeros
     * behind them; a byte order mark before it is skipped.
     */
    void reset(byte[] newBytes, int length) {
        bytes = newBytes;
        limit = length;
        depth = 0;
        moveTo(hasByteOrderMark() ? 3 : 0);
    }

    private boolean hasByteOrderMark() {
        return byteAt(0) == (byte) 0xEF && byteAt(1) == (byte) 0xBB && byteAt(2) == (byte) 0xBF;
    }

    /** Where the cursor stands. */
    int at() {
        return at;
    }

    /** Where what was taken last ended, before the white space that followed it. */
    int lastEnd() {
        return lastEnd;
    }

    /** The byte under the cursor, 0 at the end. */
    int peek() {
        return byteAt(at);
    }

    /** Where the last string, key or number begins, without its quotation mark. */
    int tokenOffset() {
        return tokenOffset;
    }

    /** How many bytes the last string, key or number has, without its quotation marks. */
    int tokenLength() {
        return tokenLength;
    }

    /** Whether the last string or key has escapes. */
    boolean escaped() {
        return escaped;
    }

    /** Whether an escape of the last string or key is half of a surrogate pair. */
    boolean loneSurrogate() {
        return loneSurrogate;
    }

    /** Takes the opening bracket of an object or array; true if something is in it. */
    boolean open(char closing) {
        if (++depth > MAX_DEPTH) {
            throw malformed;
        }
        moveTo(at + 1);
        return peek() != closing || close();
    }

    /** Takes what follows a member or element: a comma (true) or the closing bracket (false). */
    boolean more(char closing) {
        if (peek() == ',') {
            moveTo(at + 1);
            return true;
        }
        if (peek() != closing) {
            throw malformed;
        }
        return close();
    }

    private boolean close() {
        depth--;
        moveTo(at + 1);
        return false;
    }

    /** Takes the key of a member and its colon. */
    void key() {
        if (peek() != '"') {
            throw malformed;
        }
        string();
        if (peek() != ':') {
            throw malformed;
        }
        moveTo(at + 1);
    }

    /** Takes a key of one character and its colon if they stand there as the feed writes them; 0 if they do not. */
    int letterKey() {
        int key = (int) INT.get(bytes, at);
        int letter = byteAt(at + 1);
        if ((key & 0xFFFF_00FF) != LETTER_KEY || !isPlain(letter) || letter == '"') {
            return 0;
        }
        moveTo(at + 4);
        return letter;
    }

    /** Takes a whole value of any kind. */
    void value() {
        switch (peek()) {
            case '{' -> object();
            case '[' -> array();
            case '"' -> string();
            case 't' -> literal("true");
            case 'f' -> literal("false");
            case 'n' -> literal("null");
            default -> number();
        }
    }

    // These recurse through value(), which open() bounds.
    private void object() {
        for (boolean more = open('}'); more; more = more('}')) {
            key();
            value();
        }
    }

    private void array() {
        for (boolean more = open(']'); more; more = more(']')) {
            value();
        }
    }

    /** Refuses anything after the root value. */
    void end() {
        if (at != limit) {
            throw malformed;
        }
    }

    private void literal(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (byteAt(at + i) != text.charAt(i)) {
                throw malformed;
            }
        }
        moveTo(at + text.length());
    }

    /** Takes a number; its bytes are the token. */
    void number() {
        int i = byteAt(at) == '-' ? at + 1 : at;
        i = byteAt(i) == '0' ? i + 1 : digits(i);
        if (byteAt(i) == '.') {
            i = digits(i + 1);
        }
        if ((byteAt(i) | 0x20) == 'e') {
            int sign = byteAt(i + 1);
            i = digits(sign == '+' || sign == '-' ? i + 2 : i + 1);
        }
        tokenOffset = at;
        tokenLength = i - at;
        moveTo(i);
    }

    private int digits(int from) {
        int i = from;
        long others = otherThanDigits(i);
        if ((others & 0xFF) != 0) {
            throw malformed;
        }
        while (others == 0) {
            i += Long.BYTES;
            others = otherThanDigits(i);
        }
        return i + (Long.numberOfTrailingZeros(others) >>> 3);
    }

    /** Of eight bytes from {@code i} on, a bit in the first that is no digit, and maybe in some behind it. */
    private long otherThanDigits(int i) {
        long values = (long) LONG.get(bytes, i) ^ ('0' * EACH_BYTE);
        return ((values + (0x80 - 10) * EACH_BYTE) | values) & HIGH_BITS;
    }

    /** Takes a string; the bytes between its quotation marks are the token. */
    void string() {
        escaped = false;
        loneSurrogate = false;
        tokenOffset = at + 1;
        int i = afterPlain(tokenOffset);
        int b = byteAt(i);
        while (b != '"') {
            i = afterPlain(afterSpecial(i, b));
            b = byteAt(i);
        }
        tokenLength = i - tokenOffset;
        moveTo(i + 1);
    }

    /** The first byte from {@code from} on that is not plain ASCII text: the end of a string, an escape, or another. */
    private int afterPlain(int from) {
        int i = from;
        long others = otherThanPlain(i);
        while (others == 0) {
            i += Long.BYTES;
            others = otherThanPlain(i);
        }
        return i + (Long.numberOfTrailingZeros(others) >>> 3);
    }

    /** Of eight bytes from {@code i} on, a bit in the first that is not plain, and maybe in some behind it. */
    private long otherThanPlain(int i) {
        long word = (long) LONG.get(bytes, i);
        long quotes = word ^ ('"' * EACH_BYTE);
        long backslashes = word ^ ('\\' * EACH_BYTE);
        // Less than the subtrahend borrows from the high bit; that goes on into the bytes behind it only.
        return (word | (word - ' ' * EACH_BYTE) | (quotes - EACH_BYTE) | (backslashes - EACH_BYTE)) & HIGH_BITS;
    }

    private static boolean isPlain(int b) {
        return b >= ' ' && b != '\\';
    }

    private int afterSpecial(int i, int b) {
        if (b == '\\') {
            escaped = true;
            return afterEscape(i + 1);
        }
        if (b >= 0) {
            // A control character, or the end.
            throw malformed;
        }
        return afterMultiByte(i, b);
    }

    private int afterEscape(int i) {
        return switch (byteAt(i)) {
            case '"', '\\', '/', 'b', 'f', 'n', 'r', 't' -> i + 1;
            case 'u' -> afterUnicodeEscape(i + 1);
            default -> throw malformed;
        };
    }

    private int afterUnicodeEscape(int i) {
        char unit = hex4(i);
        if (!Character.isSurrogate(unit)) {
            return i + 4;
        }
        boolean paired = Character.isHighSurrogate(unit)
                && byteAt(i + 4) == '\\'
                && byteAt(i + 5) == 'u'
                && Character.isLowSurrogate(hex4(i + 6));
        loneSurrogate |= !paired;
        return paired ? i + 10 : i + 4;
    }

    private char hex4(int from) {
        int unit = 0;
        for (int i = from; i < from + 4; i++) {
            int digit = Character.digit(byteAt(i), 16);
            if (digit < 0) {
                throw malformed;
            }
            unit = unit << 4 | digit;
        }
        return (char) unit;
    }

    /** Well-formed UTF-8 is what table 3-7 of the Unicode standard lists: shortest form, no surrogates, to U+10FFFF. */
    private int afterMultiByte(int i, int first) {
        int lead = first & 0xFF;
        int second = byteAt(i + 1) & 0xFF;
        if (lead >= 0xC2 && lead <= 0xDF) {
            continuation(second, 0x80, 0xBF);
            return i + 2;
        }
        if (lead >= 0xE0 && lead <= 0xEF) {
            continuation(second, lead == 0xE0 ? 0xA0 : 0x80, lead == 0xED ? 0x9F : 0xBF);
            continuation(byteAt(i + 2) & 0xFF, 0x80, 0xBF);
            return i + 3;
        }
        if (lead >= 0xF0 && lead <= 0xF4) {
            continuation(second, lead == 0xF0 ? 0x90 : 0x80, lead == 0xF4 ? 0x8F : 0xBF);
            continuation(byteAt(i + 2) & 0xFF, 0x80, 0xBF);
            continuation(byteAt(i + 3) & 0xFF, 0x80, 0xBF);
            return i + 4;
        }
        throw malformed;
    }

    private void continuation(int b, int lowest, int highest) {
        if (b < lowest || b > highest) {
            throw malformed;
        }
    }

    /** Puts the cursor on the next byte from {@code end} on that is not white space. */
    private void moveTo(int end) {
        lastEnd = end;
        int i = end;
        int b = byteAt(i);
        while (b <= ' ' && isSpace(b)) {
            b = byteAt(++i);
        }
        at = i;
    }

    private static boolean isSpace(int b) {
        return b == ' ' || b == '\n' || b == '\r' || b == '\t';
    }

    private int byteAt(int i) {
        return bytes[i];
    }
}
