package io.tapestream.record;

import static io.tapestream.record.Xxh3Mix.PRIME64_1;
import static io.tapestream.record.Xxh3Mix.PRIME64_2;
import static io.tapestream.record.Xxh3Mix.PRIME64_4;
import static io.tapestream.record.Xxh3Mix.avalanche;
import static io.tapestream.record.Xxh3Mix.avalancheOfXxh64;
import static io.tapestream.record.Xxh3Mix.fold;
import static io.tapestream.record.Xxh3Mix.halfSecret;
import static io.tapestream.record.Xxh3Mix.halfWord;
import static io.tapestream.record.Xxh3Mix.mix;
import static io.tapestream.record.Xxh3Mix.multiplyHigh;
import static io.tapestream.record.Xxh3Mix.secret;
import static io.tapestream.record.Xxh3Mix.word;

/**
 * XXH3 of 128 bits, seed 0, in one shot over the bytes of an array. The hash stays here until the next one, so that
 * none is an object. Not thread-safe.
 */
final class Xxh3 {
    private static final int MAX_MIDDLE_LENGTH = 240;
    private static final int MIDDLE_ROUNDS_SECRET = 3;
    private static final int MIDDLE_LAST_SECRET = 136 - 17;
    private static final int MERGE_SECRET = 11;
    private static final int HIGH_MERGE_SECRET = Xxh3Mix.SECRET.length - 64 - MERGE_SECRET;

    private final Xxh3Stripes stripes = new Xxh3Stripes();
    private long high;
    private long low;

    /** The most significant half of the last hash. */
    long high() {
        return high;
    }

    /** The least significant half of the last hash. */
    long low() {
        return low;
    }

    /** Hashes {@code length} bytes from {@code offset}. */
    void hash(byte[] bytes, int offset, int length) {
        if (length > MAX_MIDDLE_LENGTH) {
            hashLong(bytes, offset, length);
        } else if (length > 128) {
            hash129To240(bytes, offset, length);
        } else if (length > 16) {
            hash17To128(bytes, offset, length);
        } else if (length > 8) {
            hash9To16(bytes, offset, length);
        } else if (length > 3) {
            hash4To8(bytes, offset, length);
        } else if (length > 0) {
            hash1To3(bytes, offset, length);
        } else {
            low = avalancheOfXxh64(secret(64) ^ secret(72));
            high = avalancheOfXxh64(secret(80) ^ secret(88));
        }
    }

    private void hash1To3(byte[] bytes, int offset, int length) {
        int combined = combined(bytes, offset, length);
        int turned = Integer.rotateLeft(Integer.reverseBytes(combined), 13);
        low = avalancheOfXxh64(Integer.toUnsignedLong(combined ^ halfSecret(0) ^ halfSecret(4)));
        high = avalancheOfXxh64(Integer.toUnsignedLong(turned ^ halfSecret(8) ^ halfSecret(12)));
    }

    /** One to three bytes and their number. */
    private static int combined(byte[] bytes, int offset, int length) {
        return ((bytes[offset] & 0xFF) << 16)
                | (bytes[offset + (length >> 1)] << 24)
                | (bytes[offset + length - 1] & 0xFF)
                | (length << 8);
    }

    private void hash4To8(byte[] bytes, int offset, int length) {
        long both = Integer.toUnsignedLong(halfWord(bytes, offset))
                + ((long) halfWord(bytes, offset + length - Integer.BYTES) << 32);
        long keyed = both ^ secret(16) ^ secret(24);
        long multiplier = PRIME64_1 + ((long) length << 2);
        long l = keyed * multiplier;
        long h = multiplyHigh(keyed, multiplier) + (l << 1);
        l ^= h >>> 3;
        l = (l ^ (l >>> 35)) * Xxh3Mix.PRIME_MX2;
        low = l ^ (l >>> 28);
        high = avalanche(h);
    }

    private void hash9To16(byte[] bytes, int offset, int length) {
        long first = word(bytes, offset);
        long last = word(bytes, offset + length - Long.BYTES);
        long keyed = first ^ last ^ secret(32) ^ secret(40);
        last ^= secret(48) ^ secret(56);
        long l = keyed * PRIME64_1 + ((long) (length - 1) << 54);
        long h = multiplyHigh(keyed, PRIME64_1) + last + (last & 0xFFFFFFFFL) * (Xxh3Mix.PRIME32_2 - 1);
        l ^= Long.reverseBytes(h);
        low = avalanche(l * PRIME64_2);
        high = avalanche(multiplyHigh(l, PRIME64_2) + h * PRIME64_2);
    }

    private void hash17To128(byte[] bytes, int offset, int length) {
        low = length * PRIME64_1;
        high = 0;
        int end = offset + length;
        if (length > 32) {
            if (length > 64) {
                if (length > 96) {
                    mixPair(bytes, offset + 48, end - 64, 96);
                }
                mixPair(bytes, offset + 32, end - 48, 64);
            }
            mixPair(bytes, offset + 16, end - 32, 32);
        }
        mixPair(bytes, offset, end - 16, 0);
        finish(length);
    }

    private void hash129To240(byte[] bytes, int offset, int length) {
        low = length * PRIME64_1;
        high = 0;
        for (int at = 0; at < 128; at += 32) {
            mixPair(bytes, offset + at, offset + at + 16, at);
        }
        low = avalanche(low);
        high = avalanche(high);
        for (int at = 128; at <= length - 32; at += 32) {
            mixPair(bytes, offset + at, offset + at + 16, MIDDLE_ROUNDS_SECRET + at - 128);
        }
        mixPair(bytes, offset + length - 16, offset + length - 32, MIDDLE_LAST_SECRET - 16);
        finish(length);
    }

    private void mixPair(byte[] bytes, int first, int second, int secretAt) {
        low = (low + mix(bytes, first, secretAt)) ^ (word(bytes, second) + word(bytes, second + 8));
        high = (high + mix(bytes, second, secretAt + 16)) ^ (word(bytes, first) + word(bytes, first + 8));
    }

    private void finish(int length) {
        long sum = low + high;
        long product = low * PRIME64_1 + high * PRIME64_4 + length * PRIME64_2;
        low = avalanche(sum);
        high = -avalanche(product);
    }

    private void hashLong(byte[] bytes, int offset, int length) {
        stripes.sum(bytes, offset, length);
        low = stripes.merged(length * PRIME64_1, MERGE_SECRET);
        high = stripes.merged(~(length * PRIME64_2), HIGH_MERGE_SECRET);
    }

    /** The hash of 64 bits, which is another one than half of that of 128. */
    long hash64(byte[] bytes, int offset, int length) {
        if (length > MAX_MIDDLE_LENGTH) {
            stripes.sum(bytes, offset, length);
            return stripes.merged(length * PRIME64_1, MERGE_SECRET);
        }
        if (length > 128) {
            return hash64Of129To240(bytes, offset, length);
        }
        if (length > 16) {
            return hash64Of17To128(bytes, offset, length);
        }
        return length > 8 ? hash64Of9To16(bytes, offset, length) : hash64Of0To8(bytes, offset, length);
    }

    private static long hash64Of0To8(byte[] bytes, int offset, int length) {
        if (length == 0) {
            return avalancheOfXxh64(secret(56) ^ secret(64));
        }
        if (length < 4) {
            return avalancheOfXxh64(
                    Integer.toUnsignedLong(combined(bytes, offset, length) ^ halfSecret(0) ^ halfSecret(4)));
        }
        long both = Integer.toUnsignedLong(halfWord(bytes, offset + length - Integer.BYTES))
                + ((long) halfWord(bytes, offset) << 32);
        long h = both ^ secret(8) ^ secret(16);
        h = (h ^ Long.rotateLeft(h, 49) ^ Long.rotateLeft(h, 24)) * Xxh3Mix.PRIME_MX2;
        h = (h ^ ((h >>> 35) + length)) * Xxh3Mix.PRIME_MX2;
        return h ^ (h >>> 28);
    }

    private static long hash64Of9To16(byte[] bytes, int offset, int length) {
        long first = word(bytes, offset) ^ secret(24) ^ secret(32);
        long last = word(bytes, offset + length - Long.BYTES) ^ secret(40) ^ secret(48);
        return avalanche(length + Long.reverseBytes(first) + last + fold(first, last));
    }

    private static long hash64Of17To128(byte[] bytes, int offset, int length) {
        long hash = length * PRIME64_1;
        int rounds = (length - 1) / 32;
        for (int round = rounds; round >= 0; round--) {
            hash += mix(bytes, offset + 16 * round, 32 * round)
                    + mix(bytes, offset + length - 16 * (round + 1), 32 * round + 16);
        }
        return avalanche(hash);
    }

    private static long hash64Of129To240(byte[] bytes, int offset, int length) {
        long hash = length * PRIME64_1;
        for (int at = 0; at < 128; at += 16) {
            hash += mix(bytes, offset + at, at);
        }
        hash = avalanche(hash);
        for (int at = 128; at <= length - 16; at += 16) {
            hash += mix(bytes, offset + at, MIDDLE_ROUNDS_SECRET + at - 128);
        }
        return avalanche(hash + mix(bytes, offset + length - 16, MIDDLE_LAST_SECRET));
    }
}
