package io.tapestream.record;

import static io.tapestream.record.CanonicalNumber.Verdict.DIGITS;
import static io.tapestream.record.CanonicalNumber.Verdict.FINE;
import static io.tapestream.record.CanonicalNumber.Verdict.RANGE;
import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.statistics.Statistics;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CanonicalNumberTest {
    private static final BigDecimal SMALLEST = new BigDecimal("1E-130");
    private static final BigDecimal LARGEST = new BigDecimal("9.9999999999999999999999999999999999999E+125");

    private final CanonicalNumber number = new CanonicalNumber();

    @ParameterizedTest
    @CsvSource({
        "0, 0",
        "-0, 0",
        "-0.0, 0",
        "0e5, 0",
        "0.000e-999999999, 0",
        "0E999999999, 0",
        "100, 100",
        "100.0, 100",
        "1e2, 100",
        "1E+2, 100",
        "0.1e3, 100",
        "1000e-1, 100",
        "1e0, 1",
        "5E-7, 0.0000005",
        "7.57e-06, 0.00000757",
        "8.13548e+8, 813548000",
        "2.4970168e+07, 24970168",
        "1748755.0, 1748755",
        "20297.44489644, 20297.44489644",
        "164.0601, 164.0601",
        "0.1, 0.1",
        "0.10, 0.1",
        "10.0500, 10.05",
        "9007199254740993, 9007199254740993",
        "1.0000000000000001, 1.0000000000000001",
        "1.721555886208e12, 1721555886208",
        "12.345e1, 123.45",
        "12.345e-3, 0.012345",
        "-1.50, -1.5",
        "12345678901234567890123456789012345678, 12345678901234567890123456789012345678",
        "1.2345678901234567890123456789012345678000, 1.2345678901234567890123456789012345678",
        "0.00012345678901234567890123456789012345678, 0.00012345678901234567890123456789012345678",
        "1e0000000000000000000000000000000000000002, 100"
    })
    void writesPlainDigits(String text, String canonical) {
        assertThat(read(text)).isEqualTo(FINE);
        assertThat(written()).isEqualTo(canonical);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "123456789012345678901234567890123456789",
                "1.23456789012345678901234567890123456789",
                "100000000000000000000000000000000000001",
                "1.00000000000000000000000000000000000000001e999999999",
                "-0.123456789012345678901234567890123456789"
            })
    void refusesMoreThan38SignificantDigits(String text) {
        assertThat(read(text)).isEqualTo(DIGITS);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "1e126",
                "10e125",
                "0.1e127",
                "1e-131",
                "9.99e-131",
                "0.1e-130",
                "1e400",
                "-1e400",
                "1e999999999",
                "1e-999999999",
                "1e99999999999999999999999999999999",
                "1e-99999999999999999999999999999999"
            })
    void refusesWhatIsOutsideDynamoDbsRange(String text) {
        assertThat(read(text)).isEqualTo(RANGE);
    }

    @ParameterizedTest
    @ValueSource(strings = {"1e125", "9.9999999999999999999999999999999999999e125", "1e-130", "12.5e-131", "-1e-130"})
    void takesTheEndsOfTheRange(String text) {
        assertThat(read(text)).isEqualTo(FINE);
        assertThat(written())
                .isEqualTo(new BigDecimal(text).stripTrailingZeros().toPlainString());
    }

    @Test
    void neverWritesMoreThanItPromises() {
        read("-1.2345678901234567890123456789012345678e-130");

        assertThat(written()).hasSize(CanonicalNumber.MAX_LENGTH);
    }

    @Test
    void readsMegabytesOfDigitsInBoundedMemory() {
        int many = 1 << 20;
        String zeros = "0".repeat(many);

        assertThat(read("90.7" + "3".repeat(1200))).isEqualTo(DIGITS);
        assertThat(read("7".repeat(many))).isEqualTo(DIGITS);
        assertThat(read("1" + zeros)).isEqualTo(RANGE);
        assertThat(read("1." + zeros)).isEqualTo(FINE);
        assertThat(written()).isEqualTo("1");
        assertThat(read("1" + zeros + "e-" + many)).isEqualTo(FINE);
        assertThat(written()).isEqualTo("1");
        assertThat(read("0." + zeros + "25e" + (many + 2))).isEqualTo(FINE);
        assertThat(written()).isEqualTo("25");
        assertThat(read("1e" + zeros + "3")).isEqualTo(FINE);
        assertThat(written()).isEqualTo("1000");
        assertThat(read("1e" + "9".repeat(many))).isEqualTo(RANGE);
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0",
        "-0.0, 0",
        "1721555886208, 1721555886208",
        "1721555886208.000, 1721555886208",
        "1.721555886208e12, 1721555886208",
        "17215558862080e-1, 1721555886208",
        "1721555886208.5, -1",
        "1.7215558862085e12, -1",
        "1e17, 100000000000000000",
        "999999999999999999, 999999999999999999",
        "1e18, -1",
        "1e125, -1",
        "-1, -1",
        "0.5, -1"
    })
    void knowsWholeNumbers(String text, long value) {
        assertThat(read(text)).isEqualTo(FINE);
        assertThat(number.wholeValue()).isEqualTo(value);
    }

    @Property
    void agreesWithBigDecimal(@ForAll("numbers") String text) {
        BigDecimal expected = new BigDecimal(text).stripTrailingZeros();
        BigDecimal magnitude = expected.abs();

        CanonicalNumber.Verdict verdict = read(text);

        Statistics.label("verdict").collect(verdict);
        if (expected.signum() != 0 && expected.precision() > 38) {
            assertThat(verdict).isEqualTo(DIGITS);
        } else if (expected.signum() != 0 && (magnitude.compareTo(SMALLEST) < 0 || magnitude.compareTo(LARGEST) > 0)) {
            assertThat(verdict).isEqualTo(RANGE);
        } else {
            assertThat(verdict).isEqualTo(FINE);
            assertThat(written()).isEqualTo(expected.toPlainString());
            assertThat(number.isZero()).isEqualTo(expected.signum() == 0);
            assertThat(number.isNegative()).isEqualTo(expected.signum() < 0);
            assertThat(number.wholeValue()).isEqualTo(wholeValue(expected));
        }
    }

    private static long wholeValue(BigDecimal value) {
        boolean isWhole = value.signum() >= 0 && value.scale() <= 0 && value.compareTo(new BigDecimal("1E18")) < 0;
        return isWhole ? value.longValueExact() : -1;
    }

    @Provide
    Arbitrary<String> numbers() {
        Arbitrary<String> digits =
                Arbitraries.strings().withChars("0000123456789").ofMaxLength(24);
        Arbitrary<String> integer = Arbitraries.oneOf(
                Arbitraries.just("0"),
                Combinators.combine(Arbitraries.strings().withChars("123456789").ofLength(1), digits)
                        .as(String::concat));
        Arbitrary<String> fraction = Arbitraries.oneOf(
                Arbitraries.just(""), digits.filter(d -> !d.isEmpty()).map(d -> "." + d));
        Arbitrary<String> exponent = Arbitraries.oneOf(
                Arbitraries.just(""),
                Arbitraries.integers().between(-160, 160).map(e -> "e" + e),
                Arbitraries.integers().between(0, 130).map(e -> "E+00" + e));
        return Combinators.combine(Arbitraries.of("", "", "", "-"), integer, fraction, exponent)
                .as((sign, i, f, e) -> sign + i + f + e);
    }

    private CanonicalNumber.Verdict read(String text) {
        byte[] bytes = (",\"p\":" + text + ",\"s\":\"BINANCE:BTCUSDT\"").getBytes(StandardCharsets.US_ASCII);
        return number.read(bytes, 5, text.length());
    }

    private String written() {
        byte[] target = new byte[CanonicalNumber.MAX_LENGTH + 3 + Words.ROOM];
        int end = number.writeTo(target, 3);
        return new String(target, 3, end - 3, StandardCharsets.US_ASCII);
    }
}
