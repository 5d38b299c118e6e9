package io.tapestream.record;

import static io.tapestream.record.PackedFrames.message;
import static io.tapestream.record.PackedFrames.trade;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RecordPackerTest {
    private final PackedFrames packed = new PackedFrames();

    @Test
    void writesATradeAsOneLine() {
        packed.receivedAt(1575526691201L)
                .feed(
                        "{\"data\":[{\"p\":7296.89,\"s\":\"BINANCE:BTCUSDT\",\"t\":1575526691134,\"v\":0.011467}],\"type\":\"trade\"}");

        assertThat(packed.lines())
                .containsExactly(
                        "{\"trade_id\":\"NY0oYf0tAvoRoer90eFo1g\",\"symbol\":\"BINANCE:BTCUSDT\",\"asset_class\":\"crypto\",\"price\":7296.89,"
                                + "\"volume\":0.011467,\"traded_at\":1575526691134,\"received_at\":1575526691201,\"feed\":\"finnhub\"}");
    }

    @Test
    void writesAQuoteAsOneLine() {
        packed.receivedAt(1721555886300L).feed(message(trade("OANDA:EUR_USD", "1.0842", "1721555886208", "-0.0")));

        assertThat(packed.lines())
                .containsExactly(
                        "{\"trade_id\":\"dGBMGOpz-tSEsrOjAoj0lw\",\"symbol\":\"OANDA:EUR_USD\",\"asset_class\":\"forex\",\"kind\":\"quote\","
                                + "\"price\":1.0842,\"volume\":0,\"traded_at\":1721555886208,\"received_at\":1721555886300,\"feed\":\"finnhub\"}");
        assertThat(packed.counted("quotes-received")).isEqualTo(1);
        assertThat(packed.counted("trades-published")).isEqualTo(1);
    }

    @Test
    void writesConditionsAndEscapesAsOneLine() {
        packed.receivedAt(946684800001L)
                .feed(
                        message(
                                "{\"c\":[\"\\ud83d\\ude00\",\"\\t\"],\"p\":1,\"s\":\"A\\\"B\\\\C\\/\\u0041\\u001f\",\"t\":946684800000,\"v\":1}"));

        assertThat(packed.lines())
                .containsExactly(
                        "{\"trade_id\":\"-YF6XiBNDUhi5pPLhjhZyw\",\"symbol\":\"A\\\"B\\\\C/A\\u001f\",\"asset_class\":\"stock\","
                                + "\"price\":1,\"volume\":1,\"traded_at\":946684800000,\"received_at\":946684800001,"
                                + "\"conditions\":[\"😀\",\"\\t\"],\"feed\":\"finnhub\"}");
    }

    @Test
    void readsAFrameBehindAByteOrderMark() {
        assertThat(packed.feed("\uFEFF" + message(trade(1))).lines()).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"finnhub-aapl-20230331.ndjson", "crypto-in-finnhub-shape.ndjson"})
    void keepsEveryValueOfACapture(String capture) {
        List<String> frames = PackedFrames.captured(capture);
        List<JsonNode> received = new ArrayList<>();
        for (String frame : frames) {
            DocumentedIdentity.parsed(frame).path("data").forEach(received::add);
        }

        // One bucket keeps the journal's order.
        var inOrder = new PackedFrames(1, 32 << 10).feed(frames);
        List<JsonNode> lines =
                inOrder.lines().stream().map(DocumentedIdentity::parsed).toList();

        assertThat(lines).hasSize(received.size());
        for (int i = 0; i < lines.size(); i++) {
            JsonNode line = lines.get(i);
            JsonNode trade = received.get(i);
            assertThat(line.get("symbol")).isEqualTo(trade.get("s"));
            assertThat(decimal(line, "price")).isEqualByComparingTo(decimal(trade, "p"));
            assertThat(decimal(line, "volume")).isEqualByComparingTo(decimal(trade, "v"));
            assertThat(line.get("traded_at")).isEqualTo(trade.get("t"));
            assertThat(line.path("conditions")).containsExactlyElementsOf(trade.path("c"));
            assertThat(line.get("feed").textValue()).isEqualTo("finnhub");
        }
        assertThat(inOrder.ids()).doesNotHaveDuplicates();
    }

    private static BigDecimal decimal(JsonNode object, String field) {
        return object.get(field).decimalValue();
    }
}
