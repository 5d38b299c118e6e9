package io.tapestream.record;

import com.fasterxml.jackson.core.StreamWriteFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Baseline on Jackson's databind: records in, a map out. */
final class DatabindLines extends BaselineLines {
    private final ObjectMapper json = JsonMapper.builder()
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .enable(StreamWriteFeature.WRITE_BIGDECIMAL_AS_PLAIN)
            .build();

    DatabindLines(Map<String, String> venues, Consumer<byte[]> packTaker) {
        super(venues, packTaker);
    }

    record Message(
            @Nullable List<ParsedTrade> data, @Nullable String type) {}

    @Override
    List<ParsedTrade> parse(byte[] frame) throws IOException {
        Message message = json.readValue(frame, Message.class);
        List<ParsedTrade> trades = message.data();
        return trades != null && "trade".equals(message.type()) ? trades : List.of();
    }

    @Override
    byte[] encode(Line line) throws IOException {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("trade_id", line.tradeId());
        fields.put("symbol", line.trade().s());
        fields.put("asset_class", line.assetClass());
        if (line.volume().signum() == 0) {
            fields.put("kind", "quote");
        }
        fields.put("price", line.price());
        fields.put("volume", line.volume());
        fields.put("traded_at", line.trade().t());
        fields.put("received_at", line.receivedAtMillis());
        if (!line.trade().conditions().isEmpty()) {
            fields.put("conditions", line.trade().conditions());
        }
        fields.put("feed", "finnhub");
        byte[] text = json.writeValueAsBytes(fields);
        byte[] withNewline = Arrays.copyOf(text, text.length + 1);
        withNewline[text.length] = '\n';
        return withNewline;
    }
}
