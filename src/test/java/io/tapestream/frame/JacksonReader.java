package io.tapestream.frame;

import io.tapestream.frame.JacksonTree.Digits;
import io.tapestream.frame.JacksonTree.Elements;
import io.tapestream.frame.JacksonTree.Json;
import io.tapestream.frame.JacksonTree.Literal;
import io.tapestream.frame.JacksonTree.Members;
import io.tapestream.frame.JacksonTree.Text;
import io.tapestream.frame.MessageReading.TradeReading;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/** The oracle: reads messages by the rules of docs/RECORDS.md from Jackson's view of the JSON, with nothing of ours. */
final class JacksonReader implements Function<byte[], MessageReading> {
    private static final int MAX_DEPTH = 512;
    private static final int TYPE_NAME_LENGTH = 32;
    private static final String BYTE_ORDER_MARK = "\uFEFF";

    @Override
    public MessageReading apply(byte[] message) {
        return reading(parse(message));
    }

    MessageReading reading(Optional<JacksonTree.Parsed> message) {
        return message.map(m -> reading(m.root())).orElse(MessageReading.BROKEN);
    }

    /** Empty if the message is not JSON in UTF-8. */
    Optional<JacksonTree.Parsed> parse(byte[] message) {
        try {
            // A decoder reports what is malformed, where Jackson's own UTF-8 is lax.
            String text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(message))
                    .toString();
            return JacksonTree.parse(text.startsWith(BYTE_ORDER_MARK) ? text.substring(1) : text, MAX_DEPTH);
        } catch (CharacterCodingException e) {
            return Optional.empty();
        }
    }

    private static MessageReading reading(Json root) {
        if (!(root instanceof Members message && message.byKey().get("type") instanceof Text type)) {
            return new MessageReading("OTHER", "", List.of());
        }
        boolean hasTrades = type.text().equals("trade");
        return new MessageReading(
                kind(type.text()),
                typeName(type.text()),
                hasTrades && message.byKey().get("data") instanceof Elements data ? trades(data) : List.of());
    }

    private static String kind(String type) {
        return switch (type) {
            case "trade" -> "TRADES";
            case "ping" -> "PING";
            case "error" -> "ERROR";
            default -> "OTHER";
        };
    }

    private static String typeName(String type) {
        int[] shown = type.codePoints()
                .map(c -> isSurrogate(c) ? 0xFFFD : c)
                .limit(TYPE_NAME_LENGTH)
                .toArray();
        return new String(shown, 0, shown.length);
    }

    private static List<TradeReading> trades(Elements data) {
        List<TradeReading> trades = new ArrayList<>();
        for (int i = 0; i < data.values().size(); i++) {
            trades.add(trade(data.values().get(i), data.sources().get(i)));
        }
        return trades;
    }

    private static TradeReading trade(Json element, String source) {
        if (!(element instanceof Members trade)) {
            return TradeReading.defective("WRONG_TYPE", source);
        }
        Json s = fieldOf(trade.byKey(), "s");
        Json p = fieldOf(trade.byKey(), "p");
        Json v = fieldOf(trade.byKey(), "v");
        Json t = fieldOf(trade.byKey(), "t");
        Json c = fieldOf(trade.byKey(), "c");
        boolean wrongType = !(s == Literal.NULL || s instanceof Text)
                || !List.of(p, v, t).stream().allMatch(n -> n == Literal.NULL || n instanceof Digits)
                || !isConditions(c);
        if (wrongType) {
            return TradeReading.defective("WRONG_TYPE", source);
        }
        if (List.of(s, p, v, t).contains(Literal.NULL)) {
            return TradeReading.defective("MISSING_FIELD", source);
        }
        List<String> conditions = c instanceof Elements codes
                ? codes.values().stream().map(JacksonReader::text).toList()
                : List.of();
        if (isLone(text(s)) || conditions.stream().anyMatch(JacksonReader::isLone)) {
            return TradeReading.defective("LONE_SURROGATE", source);
        }
        return new TradeReading("NONE", source, text(s), text(p), text(v), text(t), conditions);
    }

    private static Json fieldOf(Map<String, Json> trade, String key) {
        return trade.getOrDefault(key, Literal.NULL);
    }

    private static boolean isConditions(Json c) {
        return c == Literal.NULL
                || (c instanceof Elements codes && codes.values().stream().allMatch(Text.class::isInstance));
    }

    private static String text(Json value) {
        return value instanceof Text text ? text.text() : ((Digits) value).text();
    }

    private static boolean isLone(String text) {
        return text.codePoints().anyMatch(JacksonReader::isSurrogate);
    }

    /** A code point in this range is half of a pair; a whole pair is one code point above it. */
    private static boolean isSurrogate(int codePoint) {
        return codePoint >= 0xD800 && codePoint <= 0xDFFF;
    }
}
