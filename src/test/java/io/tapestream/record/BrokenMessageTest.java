package io.tapestream.record;

import static io.tapestream.record.PackedFrames.message;
import static io.tapestream.record.PackedFrames.trade;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BrokenMessageTest {
    private final PackedFrames packed = new PackedFrames();

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "{",
                "{\"data\":[{\"p:1.5,\"s\":\"A\",\"t\":1721555886208,\"v\":1}],\"type\":\"trade\"}",
                "\"data\":[{\"p\":1,\"s\":\"A\",\"t\":1721555886208,\"v\":1}],\"type\":\"trade\"}",
                "{\"data\":[{\"p\":1,\"s\":\"A\",\"t\":1721555886208,\"v\":1}],\"type\":\"trade\"",
                "{\"data\":[{\"p\":NaN,\"s\":\"A\",\"t\":1721555886208,\"v\":1}],\"type\":\"trade\"}",
                "{\"data\":[{\"p\":01,\"s\":\"A\",\"t\":1721555886208,\"v\":1}],\"type\":\"trade\"}",
                "{\"type\":\"ping\"}\u0000"
            })
    void publishesNothingAndCountsOnce(String text) {
        packed.feed(text, message(trade(1)));

        assertThat(packed.lines()).hasSize(1);
        assertThat(packed.counted("broken-messages")).isEqualTo(1);
        assertThat(packed.counted("trades-received")).isEqualTo(1);
    }

    @Test
    void publishesNothingOfATruncatedFrame() {
        String whole = PackedFrames.captured("finnhub-aapl-20230331.ndjson").get(0);
        for (int length = 0; length < whole.length(); length++) {
            packed.feed(whole.substring(0, length));
        }

        assertThat(packed.lines()).isEmpty();
        assertThat(packed.counted("broken-messages")).isEqualTo(whole.length());
    }

    @Test
    void countsMessagesByTheirType() {
        packed.feed(
                "{\"type\":\"ping\"}",
                "{\"type\":\"ping\"}",
                "{\"msg\":\"Invalid API key\",\"type\":\"error\"}",
                "{\"type\":\"news.v2 \u5e01\",\"data\":[1]}",
                "{\"type\":7}",
                "[]",
                "{\"type\":\"trade\",\"data\":[]}",
                "{\"type\":\"trade\",\"data\":null}");

        assertThat(packed.lines()).isEmpty();
        assertThat(packed.counted("messages.ping")).isEqualTo(2);
        assertThat(packed.counted("messages.error")).isEqualTo(1);
        assertThat(packed.counted("messages.news_v2__")).isEqualTo(1);
        assertThat(packed.counted("messages.none")).isEqualTo(2);
        assertThat(packed.counted("broken-messages")).isZero();
        assertThat(packed.counted("redelivered-frames")).isZero();
    }

    @Test
    void countsFurtherTypesAsOther() {
        for (int i = 0; i < 100; i++) {
            packed.feed("{\"type\":\"t" + i + "\"}", "{\"type\":\"t" + i + "\"}");
        }

        assertThat(packed.metrics.getNames())
                .filteredOn(n -> n.startsWith("record.messages."))
                .hasSize(17);
        assertThat(packed.counted("messages.t0")).isEqualTo(2);
        assertThat(packed.counted("messages.other")).isEqualTo(168);
    }
}
