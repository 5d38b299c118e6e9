package io.tapestream.record;

import java.nio.ByteBuffer;

/**
 * A JSON number taken apart into its significant digits, so that it can be written as plain decimal digits.
 *
 * <p>Reading takes time linear in the number's length and keeps 38 digits at most: neither a million digits nor an
 * exponent of a billion is ever expanded. Reused for one number after the other.
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

    private final byte[] digits = new byte[MAX_DIGITS];
    private int digitCount;
    private int exponent;
    private boolean negative;

    /** Reads a number that follows the grammar of RFC 8259; only one that is fine can be asked for its value. */
    Verdict read(ByteBuffer buffer, int offset, int length) {
        int end = offset + length;
        int at = offset;
        negative = buffer.get(at) == '-';
        if (negative) {
            at++;
        }
        digitCount = 0;
        int seen = 0; // digits so far, on both sides of the point
        int first = 0; // how many of them precede the first significant one
        int zeros = 0; // zeros that are significant only if another digit follows
        int integerDigits = -1;
        for (; at < end; at++) {
            byte c = buffer.get(at);
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
            scale += readExponent(buffer, at + 1, end);
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

    private static long readExponent(ByteBuffer buffer, int offset, int end) {
        int at = offset;
        byte sign = buffer.get(at);
        if (sign == '-' || sign == '+') {
            at++;
        }
        long value = 0;
        for (; at < end; at++) {
            value = Math.min(EXPONENT_BOUND, value * 10 + (buffer.get(at) - '0'));
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
        if (negative || exponent >= 18 || digitCount > exponent + 1) {
            return -1;
        }
        long value = 0;
        for (int i = 0; i <= exponent; i++) {
            value = value * 10 + (i < digitCount ? digits[i] - '0' : 0);
        }
        return value;
    }

    /** Digits before the point. */
    int integerLength() {
        return Math.max(1, exponent + 1);
    }

    /** Writes the canonical text (docs/RECORDS.md, section 2), at most {@link #MAX_LENGTH} bytes; returns its end. */
    int writeTo(byte[] target, int offset) {
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
