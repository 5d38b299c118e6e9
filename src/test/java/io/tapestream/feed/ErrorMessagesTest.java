package io.tapestream.feed;

import static org.assertj.core.api.Assertions.assertThat;

import com.codahale.metrics.Counter;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ErrorMessagesTest {
    private final Counter errors = new Counter();
    private final ErrorMessages messages = new ErrorMessages(ApiKey.of("SECRETTOKEN123"), errors);

    private void look(String message) {
        ByteBuffer payload = ByteBuffer.wrap(message.getBytes(StandardCharsets.UTF_8));
        messages.look(payload);
        assertThat(payload.position()).isZero();
    }

    @ParameterizedTest
    @CsvSource({
        "error_too_many_symbols, Subscribing to too many symbols",
        "error_invalid_symbol, Invalid symbol OANDA:EUR_USD"
    })
    void keepsTheTextOfARealOne(String name, String text) {
        look(WireFrames.payload(name));
        assertThat(errors.getCount()).isOne();
        assertThat(messages.last()).isEqualTo(text);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{\"type\":\"error\"} | ``",
                "{\"type\":\"error\",\"msg\":\"\"} | ``",
                "{ \"type\" : \"error\", \"msg\":\"a\\nb\" } | a b",
                "{\"msg\":\"Invalid key SECRETTOKEN123\",\"type\":\"error\"} | Invalid key ***",
            })
    void keepsTheTextInAFormThatMayBeLogged(String message, String text) {
        look(message);
        assertThat(errors.getCount()).isOne();
        assertThat(messages.last()).isEqualTo(text);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"type\":\"ping\"}",
                "{\"data\":[{\"s\":\"error\"}],\"type\":\"error\"}",
                "{\"type\":\"trade\",\"data\":[{\"s\":\"error\"}]}",
                "{\"type\":\"error\"",
                "\"error\"",
                "",
                "[[[\"error\""
            })
    void leavesOtherMessagesAlone(String message) {
        look(message);
        assertThat(errors.getCount()).isZero();
        assertThat(messages.last()).isNull();
    }
}
