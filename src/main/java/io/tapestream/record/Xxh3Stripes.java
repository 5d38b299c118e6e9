package io.tapestream.record;

import static io.tapestream.record.Xxh3Mix.SECRET;
import static io.tapestream.record.Xxh3Mix.secret;
import static io.tapestream.record.Xxh3Mix.word;

/** The part of XXH3 that takes more than 240 bytes: eight sums over stripes of 64 bytes. Reused; not thread-safe. */
final class Xxh3Stripes {
    private static final int LANES = 8;
    private static final int STRIPE_LENGTH = LANES * Long.BYTES;
    private static final int SCRAMBLE_SECRET = SECRET.length - STRIPE_LENGTH;
    private static final int LAST_STRIPE_SECRET = SCRAMBLE_SECRET - 7;
    private static final int STRIPES_OF_A_BLOCK = SCRAMBLE_SECRET / Long.BYTES;
    private static final int BLOCK_LENGTH = STRIPES_OF_A_BLOCK * STRIPE_LENGTH;

    private final long[] sums = new long[LANES];

    /** Takes {@code length} bytes, more than 240. */
    void sum(byte[] bytes, int offset, int length) {
        begin();
        int blocks = (length - 1) / BLOCK_LENGTH;
        for (int block = 0; block < blocks; block++) {
            stripes(bytes, offset + block * BLOCK_LENGTH, STRIPES_OF_A_BLOCK);
            scramble();
        }
        int rest = blocks * BLOCK_LENGTH;
        stripes(bytes, offset + rest, (length - 1 - rest) / STRIPE_LENGTH);
        stripe(bytes, offset + length - STRIPE_LENGTH, LAST_STRIPE_SECRET);
    }

    private void begin() {
        sums[0] = Xxh3Mix.PRIME32_3;
        sums[1] = Xxh3Mix.PRIME64_1;
        sums[2] = Xxh3Mix.PRIME64_2;
        sums[3] = Xxh3Mix.PRIME64_3;
        sums[4] = Xxh3Mix.PRIME64_4;
        sums[5] = Xxh3Mix.PRIME32_2;
        sums[6] = Xxh3Mix.PRIME64_5;
        sums[7] = Xxh3Mix.PRIME32_1;
    }

    private void stripes(byte[] bytes, int offset, int count) {
        for (int i = 0; i < count; i++) {
            stripe(bytes, offset + i * STRIPE_LENGTH, i * Long.BYTES);
        }
    }

    private void stripe(byte[] bytes, int offset, int secretAt) {
        for (int lane = 0; lane < LANES; lane += 2) {
            int at = lane * Long.BYTES;
            long even = word(bytes, offset + at);
            long odd = word(bytes, offset + at + Long.BYTES);
            sums[lane] += odd + halvesMultiplied(even ^ secret(secretAt + at));
            sums[lane + 1] += even + halvesMultiplied(odd ^ secret(secretAt + at + Long.BYTES));
        }
    }

    private static long halvesMultiplied(long key) {
        return (key & 0xFFFFFFFFL) * (key >>> 32);
    }

    private void scramble() {
        for (int lane = 0; lane < LANES; lane++) {
            long sum = sums[lane];
            sums[lane] = (sum ^ (sum >>> 47) ^ secret(SCRAMBLE_SECRET + lane * Long.BYTES)) * Xxh3Mix.PRIME32_1;
        }
    }

    /** Makes 64 bits of the sums. */
    long merged(long start, int secretAt) {
        long hash = start;
        for (int lane = 0; lane < LANES; lane += 2) {
            int at = secretAt + lane * Long.BYTES;
            hash += Xxh3Mix.fold(sums[lane] ^ secret(at), sums[lane + 1] ^ secret(at + Long.BYTES));
        }
        return Xxh3Mix.avalanche(hash);
    }
}
