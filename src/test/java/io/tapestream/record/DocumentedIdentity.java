package io.tapestream.record;

import com.dynatrace.hash4j.hashing.Hashing;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;

/**
 * Section 3 of docs/RECORDS.md word by word, for messages whose trades are all in order: a tree, BigDecimal, and a look
 * at every earlier frame.
 */
final class DocumentedIdentity {
    private static final ObjectMapper JSON = JsonMapper.builder()
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
            .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
            .build();

    /** A frame in the journal; its segment is given by its place in the order of segments. */
    record Entry(int segment, long session, boolean keepsRedelivered, String message) {}

    private DocumentedIdentity() {}

    /** The ids of each frame's published trades. */
    static List<List<String>> ids(List<Entry> journal) {
        List<List<String>> keys = new ArrayList<>();
        List<List<String>> ids = new ArrayList<>();
        for (Entry entry : journal) {
            List<String> earlier = new ArrayList<>();
            boolean redelivered = false;
            for (int i = 0; i < keys.size(); i++) {
                Entry other = journal.get(i);
                if (other.session() == entry.session() && other.segment() >= entry.segment() - 1) {
                    earlier.addAll(keys.get(i));
                    redelivered |= other.message().equals(entry.message());
                }
            }
            List<String> own = new ArrayList<>();
            List<String> ownIds = new ArrayList<>();
            if (!redelivered || entry.keepsRedelivered()) {
                for (JsonNode trade : parsed(entry.message()).get("data")) {
                    String key = HexFormat.of().formatHex(key(trade));
                    ownIds.add(
                            id(key, (int) earlier.stream().filter(key::equals).count()));
                    earlier.add(key);
                    own.add(key);
                }
            }
            keys.add(own);
            ids.add(ownIds);
        }
        return ids;
    }

    /** The key of a trade of the feed {@code finnhub}. */
    static byte[] key(JsonNode trade) {
        var key = new ByteArrayOutputStream();
        key.write(1);
        key.write(7);
        key.writeBytes("finnhub".getBytes(StandardCharsets.US_ASCII));
        text(trade.get("s"), key);
        key.writeBytes(littleEndian(8)
                .putLong(trade.get("t").decimalValue().longValueExact())
                .array());
        number(trade.get("p"), key);
        number(trade.get("v"), key);
        JsonNode conditions = trade.get("c");
        boolean none = conditions == null || conditions.isNull();
        key.writeBytes(
                littleEndian(2).putShort((short) (none ? 0 : conditions.size())).array());
        if (!none) {
            conditions.forEach(condition -> text(condition, key));
        }
        return key.toByteArray();
    }

    static String id(String key, int ordinal) {
        byte[] bytes = HexFormat.of().parseHex(key);
        byte[] hashed =
                littleEndian(bytes.length + 4).put(bytes).putInt(ordinal).array();
        var hash = Hashing.xxh3_128().hashBytesTo128Bits(hashed);
        byte[] bigEndian = ByteBuffer.allocate(16)
                .putLong(hash.getMostSignificantBits())
                .putLong(hash.getLeastSignificantBits())
                .array();
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bigEndian);
    }

    static JsonNode parsed(String json) {
        try {
            return JSON.readTree(json);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void text(JsonNode text, ByteArrayOutputStream key) {
        byte[] utf8 = text.textValue().getBytes(StandardCharsets.UTF_8);
        key.writeBytes(littleEndian(2).putShort((short) utf8.length).array());
        key.writeBytes(utf8);
    }

    private static void number(JsonNode number, ByteArrayOutputStream key) {
        BigDecimal value = number.decimalValue().stripTrailingZeros();
        byte[] ascii = value.toPlainString().getBytes(StandardCharsets.US_ASCII);
        key.write(ascii.length);
        key.writeBytes(ascii);
    }

    private static ByteBuffer littleEndian(int length) {
        return ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
    }
}
