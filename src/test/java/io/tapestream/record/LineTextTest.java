package io.tapestream.record;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LineTextTest {
    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '`',
            value = {
                "AAPL, AAPL",
                "IC MARKETS:1, IC MARKETS:1",
                "BRK\"B, BRK\\\"B",
                "A\\B, A\\\\B",
                "BTC/USD, BTC/USD",
                "币安人生USDT, 币安人生USDT",
                "😀, 😀"
            })
    void escapesQuotationMarkAndBackslash(String text, String escaped) {
        assertThat(LineText.escaped(text)).asString(StandardCharsets.UTF_8).isEqualTo(escaped);
    }

    @ParameterizedTest
    @CsvSource({
        "0, \\u0000",
        "1, \\u0001",
        "8, \\b",
        "9, \\t",
        "10, \\n",
        "11, \\u000b",
        "12, \\f",
        "13, \\r",
        "27, \\u001b",
        "31, \\u001f"
    })
    void escapesControlCharacters(int character, String escaped) {
        assertThat(LineText.escaped(Character.toString(character)))
                .asString(StandardCharsets.UTF_8)
                .isEqualTo(escaped);
    }

    @ParameterizedTest
    @CsvSource({"32", "127", "128", "8232"})
    void leavesOtherCharactersRaw(int character) {
        String text = Character.toString(character);

        assertThat(LineText.escaped(text)).asString(StandardCharsets.UTF_8).isEqualTo(text);
    }

    @Property
    void writesIdsAsBase64Url(@ForAll long high, @ForAll long low) {
        byte[] target = new byte[30];
        int end = LineText.writeId(high, low, target, 4);

        byte[] bits = ByteBuffer.allocate(16).putLong(high).putLong(low).array();
        assertThat(new String(target, 4, end - 4, StandardCharsets.US_ASCII))
                .isEqualTo(Base64.getUrlEncoder().withoutPadding().encodeToString(bits));
    }

    @Property
    void writesIntegersInDigits(@ForAll @LongRange(min = 0) long value) {
        byte[] target = new byte[30];
        int end = LineText.writeLong(value, target, 4);

        assertThat(new String(target, 4, end - 4, StandardCharsets.US_ASCII)).isEqualTo(Long.toString(value));
    }
}
