package io.tapestream.record;

/**
 * A JSON number taken apart into its significant digits, so that it can be written as plain decimal digits.
 *
 * <p>Reading takes time linear in the number's length and keeps 38 digits at most: neither a million digits nor an
 * exponent of a billion is ever expanded. Most numbers are short and canonical as they come: those are not taken apart,
 * but copied from where they lie. Reused for one number after the other.
 */
final class CanonicalNumber {
    /** What DynamoDB would say of a number. */
    enum Verdict {
        /** Stored exactly. */
        FINE,
        /** More significant digits than are stored. */
        DIGITS,
        /** Too large or too near to zero. */
        RANGE
    }

    /** Most bytes of a number that is fine: its sign, a leading zero, the point, 129 zeros and 38 digits. */
    static final int MAX_LENGTH = 170;

    private static final int MAX_DIGITS = 38;
    private static final int MIN_EXPONENT = -130;
    private static final int MAX_EXPONENT = 125;

    /** Beyond any number's length, so that digits before or after the point cannot bring it back into range. */
    private static final long EXPONENT_BOUND = 1_000_000_000_000L;

    /** Longest number that is looked at as two words. */
    private static final int MAX_PLAIN_LENGTH = 16;

    private static final long EACH_BYTE = 0x0101_0101_0101_0101L;
    private static final long ZEROS = '0' * EACH_BYTE;

    private final byte[] digits = new byte[MAX_DIGITS + Words.ROOM];
    private byte[] source = digits;
    private int sourceOffset;
    private int sourceLength;
    private boolean plain;
    private boolean plainWhole;
    private int digitCount;
    private int exponent;
    private boolean negative;

    /**
     * Reads a number that follows the grammar of RFC 8259; only one that is fine can be asked for its value, as long as
     * its bytes stay. {@link Words#ROOM} bytes have to be there behind it.
     */
    Verdict read(byte[] bytes, int offset, int length) {
        plain = length <= MAX_PLAIN_LENGTH && isCanonical(bytes, offset, length);
        if (!plain) {
            return readDigits(bytes, offset, length);
        }
        source = bytes;
        sourceOffset = offset;
        sourceLength = length;
        negative = false;
        digitCount = length == 1 && bytes[offset] == '0' ? 0 : length;
        return Verdict.FINE;
    }

    /** Whether a number of at most 16 bytes stands there as it would be written, with no sign. */
    private boolean isCanonical(byte[] bytes, int offset, int length) {
        int firstLength = Math.min(length, Long.BYTES);
        long named = Words.first(firstLength);
        long first = (Words.get(bytes, offset) & named) | (ZEROS & ~named);
        long last = length > Long.BYTES ? Words.get(bytes, offset + length - Long.BYTES) : ZEROS;
        // Of the characters of a number, digits alone have the bit 0x10, letters alone the bit 0x40.
        plainWhole = (first & last & 0x10 * EACH_BYTE) == 0x10 * EACH_BYTE;
        boolean hasExponent = ((first | last) & 0x40 * EACH_BYTE) != 0;
        return !hasExponent && (plainWhole || (bytes[offset] != '-' && bytes[offset + length - 1] != '0'));
    }

    private Verdict readDigits(byte[] bytes, int offset, int length) {
        int end = offset + length;
        int at = offset;
        negative = bytes[at] == '-';
        if (negative) {
            at++;
        }
        digitCount = 0;
        int seen = 0; // digits so far, on both sides of the point
        int first = 0; // how many of them precede the first significant one
        int zeros = 0; // zeros that are significant only if another digit follows
        int integerDigits = -1;
        for (; at < end; at++) {
            byte c = bytes[at];
            if (c == '.') {
                integerDigits = seen;
                continue;
            }
            if (c > '9') {
                break;
            }
            if (c == '0') {
                zeros++;
            } else {
                if (digitCount == 0) {
                    first = seen;
                    zeros = 0;
                }
                if (!append(zeros, c)) {
                    return Verdict.DIGITS;
                }
                zeros = 0;
            }
            seen++;
        }
        if (digitCount == 0) {
            negative = false;
            exponent = 0;
            return Verdict.FINE;
        }
        long scale = (integerDigits < 0 ? seen : integerDigits) - 1L - first;
        if (at < end) {
            scale += readExponent(bytes, at + 1, end);
        }
        if (scale < MIN_EXPONENT || scale > MAX_EXPONENT) {
            return Verdict.RANGE;
        }
        exponent = (int) scale;
        return Verdict.FINE;
    }

    private boolean append(int zeros, byte digit) {
        if (zeros >= MAX_DIGITS - digitCount) {
            return false;
        }
        for (int i = 0; i < zeros; i++) {
            digits[digitCount++] = '0';
        }
        digits[digitCount++] = digit;
        return true;
    }

    private static long readExponent(byte[] bytes, int offset, int end) {
        int at = offset;
        byte sign = bytes[at];
        if (sign == '-' || sign == '+') {
            at++;
        }
        long value = 0;
        for (; at < end; at++) {
            value = Math.min(EXPONENT_BOUND, value * 10 + (bytes[at] - '0'));
        }
        return sign == '-' ? -value : value;
    }

    boolean isZero() {
        return digitCount == 0;
    }

    /** Below zero; minus zero is not. */
    boolean isNegative() {
        return negative;
    }

    /** The value if it is a whole number from 0 to 10^18 - 1, else -1. */
    long wholeValue() {
        if (isZero()) {
            return 0;
        }
        if (plain) {
            return plainWhole ? plainValue() : -1;
        }
        if (negative || exponent >= 18 || digitCount > exponent + 1) {
            return -1;
        }
        long value = 0;
        for (int i = 0; i <= exponent; i++) {
            value = value * 10 + (i < digitCount ? digits[i] - '0' : 0);
        }
        return value;
    }

    /** Bytes of the canonical text. */
    int textLength() {
        if (plain) {
            return sourceLength;
        }
        if (isZero()) {
            return 1;
        }
        int sign = negative ? 1 : 0;
        if (exponent < 0) {
            return sign + 1 - exponent + digitCount;
        }
        int integerDigits = exponent + 1;
        return sign + (digitCount <= integerDigits ? integerDigits : digitCount + 1);
    }

    private long plainValue() {
        int before = Math.max(0, sourceLength - Long.BYTES);
        long low = digitsValue(Words.get(source, sourceOffset + before), sourceLength - before);
        return before == 0 ? low : digitsValue(Words.get(source, sourceOffset), before) * 100_000_000 + low;
    }

    /**
     * The value of the first {@code count} digits of a word, 1 to 8: pairs, then fours, then all eight are added up.
     */
    private static long digitsValue(long word, int count) {
        long values = (word ^ ZEROS) << (Long.SIZE - (count << 3));
        long pairs = values * 10 + (values >>> 8);
        long lower = (pairs & 0x0000_00FF_0000_00FFL) * (100 + (1_000_000L << 32));
        long upper = ((pairs >>> 16) & 0x0000_00FF_0000_00FFL) * (1 + (10_000L << 32));
        return (lower + upper) >>> 32;
    }

    /**
     * Writes the canonical text (docs/RECORDS.md, section 2), at most {@link #MAX_LENGTH} bytes; returns its end. Up to
     * seven bytes behind it are overwritten.
     */
    int writeTo(byte[] target, int offset) {
        if (plain) {
            return Words.copy(source, sourceOffset, sourceLength, target, offset);
        }
        int at = offset;
        if (isZero()) {
            target[at++] = '0';
            return at;
        }
        if (negative) {
            target[at++] = '-';
        }
        if (exponent < 0) {
            target[at++] = '0';
            target[at++] = '.';
            at = writeZeros(target, at, -exponent - 1);
            return writeDigits(target, at, 0, digitCount);
        }
        int integerDigits = exponent + 1;
        if (digitCount <= integerDigits) {
            at = writeDigits(target, at, 0, digitCount);
            return writeZeros(target, at, integerDigits - digitCount);
        }
        at = writeDigits(target, at, 0, integerDigits);
        target[at++] = '.';
        return writeDigits(target, at, integerDigits, digitCount);
    }

    private int writeDigits(byte[] target, int offset, int from, int to) {
        System.arraycopy(digits, from, target, offset, to - from);
        return offset + to - from;
    }

    private static int writeZeros(byte[] target, int offset, int count) {
        for (int i = 0; i < count; i++) {
            target[offset + i] = '0';
        }
        return offset + count;
    }
}
