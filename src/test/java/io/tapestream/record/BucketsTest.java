package io.tapestream.record;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BucketsTest {
    private static final BigInteger TWO = BigInteger.TWO;

    @Property
    void takesTheSharesOfTheUnsignedHash(@ForAll long hash, @ForAll @IntRange(min = 1, max = 1024) int count) {
        BigInteger unsigned = new BigInteger(Long.toUnsignedString(hash));

        assertThat(Buckets.of(hash, count))
                .isEqualTo(unsigned.multiply(BigInteger.valueOf(count))
                        .shiftRight(64)
                        .intValueExact());
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 7, 32, 100, 1000, 1024})
    void putsEachExplicitHashKeyIntoTheMiddleOfItsSlice(int count) {
        var buckets = new Buckets(count);
        for (int bucket = 0; bucket < count; bucket++) {
            BigInteger from = sliceStart(bucket, count);
            BigInteger to = sliceStart(bucket + 1, count);
            var key = new BigInteger(buckets.explicitHashKey(bucket));

            assertThat(key).isGreaterThan(from).isLessThan(to);
            assertThat(key.shiftLeft(1).subtract(from.add(to)).abs()).isLessThan(BigInteger.valueOf(4));
            assertThat(buckets.partitionKey(bucket)).isEqualTo(Integer.toString(bucket));
        }
    }

    private static BigInteger sliceStart(int bucket, int count) {
        return TWO.pow(128).multiply(BigInteger.valueOf(bucket)).divide(BigInteger.valueOf(count));
    }

    @Test
    void spreadsSymbolsEvenly() {
        var buckets = new Buckets(32);
        int[] symbols = new int[32];
        for (int i = 0; i < 32_000; i++) {
            byte[] symbol = ("BINANCE:S" + i + "USDT").getBytes(StandardCharsets.UTF_8);
            symbols[buckets.of(symbol, 0, symbol.length)]++;
        }

        for (int count : symbols) {
            assertThat(count).isBetween(850, 1150);
        }
    }
}
