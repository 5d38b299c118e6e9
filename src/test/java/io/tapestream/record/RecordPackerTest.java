package io.tapestream.record;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class RecordPackerTest {
    @Test
    void writesATradeAsOneLine() {
        var packed = new PackedFrames()
                .receivedAt(1575526691201L)
                .feed(
                        "{\"data\":[{\"p\":7296.89,\"s\":\"BINANCE:BTCUSDT\",\"t\":1575526691134,\"v\":0.011467}],\"type\":\"trade\"}");

        assertThat(packed.lines())
                .containsExactly(
                        "{\"trade_id\":\"NY0oYf0tAvoRoer90eFo1g\",\"symbol\":\"BINANCE:BTCUSDT\",\"asset_class\":\"crypto\",\"price\":7296.89,"
                                + "\"volume\":0.011467,\"traded_at\":1575526691134,\"received_at\":1575526691201,\"feed\":\"finnhub\"}");
    }

    @Test
    void givesEachTradeOfASessionItsOwnId() {
        var packed = new PackedFrames().feed(PackedFrames.captured("finnhub-aapl-20230331.ndjson"));

        assertThat(packed.ids()).hasSize(61).doesNotHaveDuplicates();
    }
}
