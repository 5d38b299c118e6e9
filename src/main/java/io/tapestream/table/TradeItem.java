package io.tapestream.table;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/**
 * A trade as an item: the one that its line should become, or the one that the table holds.
 *
 * <p>Values are compared as what they mean: text as it is, numbers by their value, however they are written, conditions
 * in their order. A value of another type equals none of these.
 */
public final class TradeItem {
    /** Numbers to the last digit. */
    private static final ObjectReader LINES = JsonMapper.builder()
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
            .build()
            .readerFor(JsonNode.class);

    static final String TRADE_ID = "trade_id";
    static final String RECEIVED_AT = "received_at";
    static final String FEED = "feed";

    /** The receive time is not among them: the same trade, received again, may have another. */
    static final List<String> COMPARED =
            List.of("symbol", "asset_class", "kind", "price", "volume", "traded_at", "conditions", FEED);

    private final String tradeId;
    private final Map<String, Object> values;

    private TradeItem(String tradeId, Map<String, Object> values) {
        this.tradeId = tradeId;
        this.values = values;
    }

    /** The items that the lines of a user record should become (docs/RECORDS.md, section 8), in their order. */
    public static List<TradeItem> ofLines(byte[] userRecord) {
        List<TradeItem> items = new ArrayList<>();
        try (MappingIterator<JsonNode> lines = LINES.readValues(userRecord)) {
            while (lines.hasNextValue()) {
                items.add(ofLine(lines.nextValue()));
            }
        } catch (IOException e) {
            throw new UncheckedIOException("user record not of lines of JSON: length=" + userRecord.length, e);
        }
        return items;
    }

    private static TradeItem ofLine(JsonNode line) {
        Map<String, Object> values = new HashMap<>();
        values.put("kind", "trade");
        line.properties().forEach(field -> values.put(field.getKey(), value(field.getValue())));
        return new TradeItem(String.valueOf(values.remove(TRADE_ID)), values);
    }

    private static Object value(JsonNode node) {
        if (node.isNumber()) {
            return number(node.decimalValue());
        }
        if (node.isArray()) {
            List<Object> texts = new ArrayList<>();
            node.forEach(element -> texts.add(value(element)));
            return texts;
        }
        return node.asText();
    }

    static TradeItem ofAttributes(Map<String, AttributeValue> attributes) {
        Map<String, Object> values = new HashMap<>();
        attributes.forEach((name, attribute) -> values.put(name, value(attribute)));
        return new TradeItem(String.valueOf(values.remove(TRADE_ID)), values);
    }

    private static Object value(AttributeValue attribute) {
        return switch (attribute.type()) {
            case S -> attribute.s();
            case N -> number(new BigDecimal(attribute.n()));
            case L -> attribute.l().stream().map(TradeItem::value).toList();
            default -> attribute;
        };
    }

    private static BigDecimal number(BigDecimal number) {
        return number.stripTrailingZeros();
    }

    /** The trade's id. */
    public String tradeId() {
        return tradeId;
    }

    /** The names of the attributes in which the other one differs. */
    public List<String> differencesOf(TradeItem other) {
        return COMPARED.stream()
                .filter(name -> !Objects.equals(values.get(name), other.values.get(name)))
                .toList();
    }

    /** The value of an attribute, for a person; null if there is none. */
    public @Nullable String text(String name) {
        Object value = values.get(name);
        return value instanceof BigDecimal number ? number.toPlainString() : value == null ? null : value.toString();
    }
}
