package io.tapestream.replay;

import io.tapestream.frame.Frame;
import io.tapestream.frame.FrameWalker;
import io.tapestream.frame.Trade;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.function.IntSupplier;

/**
 * A captured frame written anew for a load: every trade at the same time, and on a made-up symbol if there are to be
 * any; every other byte stays as it is.
 */
final class LoadFrame {
    private final FrameWalker walker = new FrameWalker();
    private final byte[] captured;
    private final List<Patch> patches = new ArrayList<>();
    private final int tradeCount;
    private byte[] bytes;
    private int length;

    private enum Field {
        SYMBOL,
        TIME
    }

    /** Bytes of the captured frame that are replaced. */
    private record Patch(Field field, int offset, int length) {}

    /** Copies the captured bytes. */
    LoadFrame(Frame frame) {
        captured = new byte[frame.length()];
        frame.buffer().get(frame.offset(), captured);
        boolean hasTrades =
                walker.walk(ByteBuffer.wrap(captured), 0, captured.length) == FrameWalker.Kind.TRADES && isSound();
        tradeCount = hasTrades ? walker.tradeCount() : 0;
        for (int i = 0; i < tradeCount; i++) {
            Trade trade = walker.trade(i);
            patches.add(new Patch(Field.SYMBOL, trade.symbolOffset(), trade.symbolLength()));
            patches.add(new Patch(Field.TIME, trade.tradedAtOffset(), trade.tradedAtLength()));
        }
        patches.sort(Comparator.comparingInt(Patch::offset));
        bytes = new byte[captured.length];
    }

    private boolean isSound() {
        for (int i = 0; i < walker.tradeCount(); i++) {
            if (walker.trade(i).defect() != Trade.Defect.NONE) {
                return false;
            }
        }
        return true;
    }

    /** How many trades it has; 0 if it is no frame of trades, or one of them is not well formed. */
    int tradeCount() {
        return tradeCount;
    }

    /**
     * Writes the frame.
     *
     * @param symbolNumbers gives the number of each trade's made-up symbol; negative to leave it the captured one
     * @param symbols takes the symbol of each trade
     */
    void write(long tradedAtMillis, IntSupplier symbolNumbers, Set<String> symbols) {
        byte[] time = ascii(Long.toString(tradedAtMillis));
        length = 0;
        int copied = 0;
        for (Patch patch : patches) {
            append(captured, copied, patch.offset() - copied);
            byte[] value = patch.field() == Field.TIME ? time : symbol(patch, symbolNumbers.getAsInt());
            append(value, 0, value.length);
            copied = patch.offset() + patch.length();
            if (patch.field() == Field.SYMBOL) {
                symbols.add(new String(value, StandardCharsets.UTF_8));
            }
        }
        append(captured, copied, captured.length - copied);
    }

    private byte[] symbol(Patch patch, int number) {
        return number < 0
                ? Arrays.copyOfRange(captured, patch.offset(), patch.offset() + patch.length())
                : ascii(String.format("BINANCE:S%05dUSDT", number));
    }

    private void append(byte[] from, int offset, int count) {
        if (bytes.length < length + count) {
            bytes = Arrays.copyOf(bytes, Math.max(length + count, bytes.length * 2));
        }
        System.arraycopy(from, offset, bytes, length, count);
        length += count;
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    /** The bytes last written; valid until the next write. */
    ByteBuffer payload() {
        return ByteBuffer.wrap(bytes, 0, length);
    }
}
