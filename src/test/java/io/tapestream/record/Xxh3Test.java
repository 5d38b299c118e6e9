package io.tapestream.record;

import static org.assertj.core.api.Assertions.assertThat;

import com.dynatrace.hash4j.hashing.Hashing;
import java.util.Arrays;
import java.util.SplittableRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

/** Against hash4j, which is tested against the reference implementation itself. */
class Xxh3Test {
    private static final int ALL_LENGTHS = 2100;

    private final Xxh3 hash = new Xxh3();

    @Test
    void agreesWithTheLibraryForEachLength() {
        byte[] bytes = new byte[ALL_LENGTHS];
        new SplittableRandom(3).nextBytes(bytes);

        for (int length = 0; length <= ALL_LENGTHS; length++) {
            agrees(bytes, 0, length);
        }
    }

    @Test
    void agreesWithTheLibraryOnManyBlocks() {
        byte[] bytes = new byte[1 << 20];
        new SplittableRandom(5).nextBytes(bytes);

        agrees(bytes, 0, 1 << 20);
        agrees(bytes, 1, (1 << 20) - 1);
        agrees(bytes, 17, 1_000_003);
    }

    @Property(tries = 2000)
    void agreesWithTheLibraryAnywhereInAnArray(
            @ForAll @Size(max = 600) byte[] bytes, @ForAll @IntRange(max = 600) int first) {
        int offset = Math.min(first, bytes.length);

        agrees(bytes, offset, bytes.length - offset);
        agrees(bytes, 0, offset);
    }

    @Test
    void agreesWithTheLibraryOnExtremeBytes() {
        for (int length = 0; length <= 600; length++) {
            byte[] bytes = new byte[length];
            agrees(bytes, 0, length);
            Arrays.fill(bytes, (byte) -1);
            agrees(bytes, 0, length);
        }
    }

    private void agrees(byte[] bytes, int offset, int length) {
        var expected = Hashing.xxh3_128().hashBytesTo128Bits(bytes, offset, length);
        hash.hash(bytes, offset, length);
        assertThat(hash.high()).as("length %d", length).isEqualTo(expected.getMostSignificantBits());
        assertThat(hash.low()).as("length %d", length).isEqualTo(expected.getLeastSignificantBits());
        assertThat(hash.hash64(bytes, offset, length))
                .as("length %d", length)
                .isEqualTo(Hashing.xxh3_64().hashBytesToLong(bytes, offset, length));
    }
}
