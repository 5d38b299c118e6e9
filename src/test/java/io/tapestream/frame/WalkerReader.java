package io.tapestream.frame;

import io.tapestream.frame.MessageReading.TradeReading;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * Reads messages as the pipeline does, with one walker for all of them and in the middle of a direct buffer, between
 * bytes that would continue a number or a string.
 */
public final class WalkerReader implements Function<byte[], MessageReading> {
    private static final byte[] BEFORE = "\"{[9".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] AFTER = "9]}\"".getBytes(StandardCharsets.US_ASCII);

    private final FrameWalker walker = new FrameWalker();

    @Override
    public MessageReading apply(byte[] message) {
        ByteBuffer buffer = ByteBuffer.allocateDirect(BEFORE.length + message.length + AFTER.length);
        buffer.put(BEFORE).put(message).put(AFTER).clear();
        String kind = walker.walk(buffer, BEFORE.length, message.length).name();
        List<TradeReading> trades = new ArrayList<>();
        for (int i = 0; i < walker.tradeCount(); i++) {
            trades.add(reading(walker.bytes(), walker.trade(i)));
        }
        return new MessageReading(kind, walker.typeName(), trades);
    }

    private static TradeReading reading(byte[] message, Trade trade) {
        String source = raw(message, trade.offset(), trade.length());
        if (trade.defect() != Trade.Defect.NONE) {
            return TradeReading.defective(trade.defect().name(), source);
        }
        List<String> conditions = new ArrayList<>();
        for (int i = 0; i < trade.conditionCount(); i++) {
            conditions.add(
                    text(message, trade.conditionOffset(i), trade.conditionLength(i), trade.conditionEscaped(i)));
        }
        return new TradeReading(
                "NONE",
                source,
                text(message, trade.symbolOffset(), trade.symbolLength(), trade.symbolEscaped()),
                raw(message, trade.priceOffset(), trade.priceLength()),
                raw(message, trade.volumeOffset(), trade.volumeLength()),
                raw(message, trade.tradedAtOffset(), trade.tradedAtLength()),
                conditions);
    }

    private static String text(byte[] message, int offset, int length, boolean escaped) {
        if (!escaped) {
            return raw(message, offset, length);
        }
        byte[] decoded = new byte[length];
        return new String(decoded, 0, JsonText.decode(message, offset, length, decoded), StandardCharsets.UTF_8);
    }

    private static String raw(byte[] message, int offset, int length) {
        return new String(message, offset, length, StandardCharsets.UTF_8);
    }
}
