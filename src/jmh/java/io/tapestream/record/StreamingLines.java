package io.tapestream.record;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Baseline on Jackson's streaming parser and generator. */
final class StreamingLines extends BaselineLines {
    private final JsonFactory json = new JsonFactory();
    private final ByteArrayOutputStream out = new ByteArrayOutputStream(1024);

    StreamingLines(Map<String, String> venues, Consumer<byte[]> packTaker) {
        super(venues, packTaker);
    }

    @Override
    List<ParsedTrade> parse(byte[] frame) throws IOException {
        List<ParsedTrade> trades = new ArrayList<>();
        boolean isTrade = false;
        try (JsonParser parser = json.createParser(frame)) {
            parser.nextToken();
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String name = parser.currentName();
                JsonToken value = parser.nextToken();
                if (name.equals("data") && value == JsonToken.START_ARRAY) {
                    while (parser.nextToken() == JsonToken.START_OBJECT) {
                        trades.add(trade(parser));
                    }
                } else if (name.equals("type")) {
                    isTrade = "trade".equals(parser.getText());
                } else {
                    parser.skipChildren();
                }
            }
        }
        return isTrade ? trades : List.of();
    }

    private static ParsedTrade trade(JsonParser parser) throws IOException {
        String symbol = "";
        BigDecimal price = BigDecimal.ZERO;
        BigDecimal volume = BigDecimal.ZERO;
        long tradedAt = 0;
        List<String> conditions = null;
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String name = parser.currentName();
            parser.nextToken();
            switch (name) {
                case "s" -> symbol = parser.getText();
                case "p" -> price = parser.getDecimalValue();
                case "v" -> volume = parser.getDecimalValue();
                case "t" -> tradedAt = parser.getLongValue();
                case "c" -> conditions = conditions(parser);
                default -> parser.skipChildren();
            }
        }
        return new ParsedTrade(symbol, price, volume, tradedAt, conditions);
    }

    private static @Nullable List<String> conditions(JsonParser parser) throws IOException {
        if (parser.currentToken() != JsonToken.START_ARRAY) {
            return null;
        }
        List<String> conditions = new ArrayList<>();
        while (parser.nextToken() == JsonToken.VALUE_STRING) {
            conditions.add(parser.getText());
        }
        return conditions;
    }

    @Override
    byte[] encode(Line line) throws IOException {
        out.reset();
        try (JsonGenerator generator = json.createGenerator(out)) {
            generator.writeStartObject();
            generator.writeStringField("trade_id", line.tradeId());
            generator.writeStringField("symbol", line.trade().s());
            generator.writeStringField("asset_class", line.assetClass());
            if (line.volume().signum() == 0) {
                generator.writeStringField("kind", "quote");
            }
            generator.writeFieldName("price");
            generator.writeNumber(line.price().toPlainString());
            generator.writeFieldName("volume");
            generator.writeNumber(line.volume().toPlainString());
            generator.writeNumberField("traded_at", line.trade().t());
            generator.writeNumberField("received_at", line.receivedAtMillis());
            if (!line.trade().conditions().isEmpty()) {
                generator.writeArrayFieldStart("conditions");
                for (String condition : line.trade().conditions()) {
                    generator.writeString(condition);
                }
                generator.writeEndArray();
            }
            generator.writeStringField("feed", "finnhub");
            generator.writeEndObject();
            generator.writeRaw('\n');
        }
        return out.toByteArray();
    }
}
