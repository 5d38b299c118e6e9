package io.tapestream.bench;

import com.dynatrace.hash4j.hashing.HashValue128;
import com.dynatrace.hash4j.hashing.Hashing;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamWriteFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Makes the lines of docs/RECORDS.md as most programs would: a tree of each frame and of each line, by Jackson's
 * databind. Any thread; which of two identical trades is the first does not show in their lines.
 */
final class DatabindLines {
    /** A line, and the symbol of its trade. */
    @SuppressWarnings("ArrayRecordComponent") // nobody compares two
    record Line(String symbol, byte[] bytes) {}

    private final JsonMapper json = JsonMapper.builder()
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
            .enable(StreamWriteFeature.WRITE_BIGDECIMAL_AS_PLAIN)
            .build();
    private final Map<ByteBuffer, Integer> occurrences = new ConcurrentHashMap<>();
    private final String feed;
    private final Map<String, String> assetClasses;

    /** Makes lines for a feed, with the asset class of each venue. */
    DatabindLines(String feed, Map<String, String> assetClasses) {
        this.feed = feed;
        this.assetClasses = assetClasses;
    }

    /** The line of each trade of a frame, in order. */
    List<Line> of(Frames.Text frame) {
        List<Line> lines = new ArrayList<>();
        try {
            for (JsonNode trade : json.readTree(frame.text()).get("data")) {
                lines.add(line(trade, frame.receivedAtMillis()));
            }
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("frame is not JSON", e);
        }
        return lines;
    }

    private Line line(JsonNode trade, long receivedAtMillis) throws JsonProcessingException {
        String symbol = trade.get("s").textValue();
        BigDecimal price = canonical(trade.get("p"));
        BigDecimal volume = canonical(trade.get("v"));
        ObjectNode line = json.createObjectNode();
        line.put("trade_id", tradeId(trade, symbol, price, volume));
        line.put("symbol", symbol);
        line.put("asset_class", assetClass(symbol));
        if (volume.signum() == 0) {
            line.put("kind", "quote");
        }
        line.put("price", price);
        line.put("volume", volume);
        line.put("traded_at", trade.get("t").longValue());
        line.put("received_at", receivedAtMillis);
        JsonNode conditions = trade.get("c");
        if (conditions != null && !conditions.isEmpty()) {
            line.set("conditions", conditions);
        }
        line.put("feed", feed);
        return new Line(symbol, (json.writeValueAsString(line) + "\n").getBytes(StandardCharsets.UTF_8));
    }

    private static BigDecimal canonical(JsonNode number) {
        BigDecimal value = number.decimalValue().stripTrailingZeros();
        return value.signum() == 0 ? BigDecimal.ZERO : value;
    }

    private String assetClass(String symbol) {
        int colon = symbol.indexOf(':');
        return colon < 0 ? "stock" : assetClasses.getOrDefault(symbol.substring(0, colon), "other");
    }

    /** Section 3 of docs/RECORDS.md; the load repeats no trade so late that the window would matter. */
    private String tradeId(JsonNode trade, String symbol, BigDecimal price, BigDecimal volume) {
        ByteArrayOutputStream key = new ByteArrayOutputStream();
        key.write(1);
        key.write(feed.length());
        key.writeBytes(feed.getBytes(StandardCharsets.UTF_8));
        text(symbol, key);
        key.writeBytes(
                littleEndian(Long.BYTES).putLong(trade.get("t").longValue()).array());
        number(price, key);
        number(volume, key);
        JsonNode conditions = trade.get("c");
        int count = conditions == null ? 0 : conditions.size();
        key.writeBytes(littleEndian(Short.BYTES).putShort((short) count).array());
        for (int i = 0; i < count; i++) {
            text(conditions.get(i).textValue(), key);
        }
        return hash(key.toByteArray());
    }

    private String hash(byte[] key) {
        int ordinal = occurrences.merge(ByteBuffer.wrap(key), 1, Integer::sum) - 1;
        byte[] hashed = littleEndian(key.length + Integer.BYTES)
                .put(key)
                .putInt(ordinal)
                .array();
        HashValue128 hash = Hashing.xxh3_128().hashBytesTo128Bits(hashed);
        byte[] bigEndian = ByteBuffer.allocate(2 * Long.BYTES)
                .putLong(hash.getMostSignificantBits())
                .putLong(hash.getLeastSignificantBits())
                .array();
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bigEndian);
    }

    private static void text(String text, ByteArrayOutputStream key) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        key.writeBytes(littleEndian(Short.BYTES).putShort((short) utf8.length).array());
        key.writeBytes(utf8);
    }

    private static void number(BigDecimal value, ByteArrayOutputStream key) {
        byte[] ascii = value.toPlainString().getBytes(StandardCharsets.US_ASCII);
        key.write(ascii.length);
        key.writeBytes(ascii);
    }

    private static ByteBuffer littleEndian(int length) {
        return ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
    }
}
