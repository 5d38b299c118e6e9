package io.tapestream.replay;

import io.tapestream.frame.Frame;
import io.tapestream.frame.FrameWalker;
import io.tapestream.frame.JsonText;
import io.tapestream.frame.Trade;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One captured frame on its way out: its trades' times shifted, and cut down to the trades that a connection
 * subscribed.
 *
 * <p>A flyweight, loaded anew for each frame. A frame that goes out whole and unshifted has the captured bytes. A part
 * of one is what stands before its first trade, the chosen trades' own bytes with commas between them, and what stands
 * after its last. A trade that is not well enough formed to have a symbol goes along with any other.
 */
final class MarketFrame {
    private final FrameWalker walker = new FrameWalker();
    private final TimeShift shift = new TimeShift();
    private byte[] bytes = new byte[4096];
    private ByteBuffer view = ByteBuffer.wrap(bytes);
    private int length;
    private FrameWalker.Kind kind = FrameWalker.Kind.OTHER;
    private @Nullable String[] symbols = new @Nullable String[16];
    private byte[] part = new byte[4096];
    private byte[] selection = bytes;
    private int selectionLength;
    private int selectedTrades;

    /** Takes the frame's bytes and adds {@code shiftMillis} to the times of its trades. */
    void load(Frame frame, long shiftMillis) {
        length = frame.length();
        reserve(length);
        frame.buffer().get(frame.offset(), bytes, 0, length);
        kind = walker.walk(view, 0, length);
        if (shiftMillis != 0 && kind == FrameWalker.Kind.TRADES) {
            int shiftedLength = shift.apply(walker, bytes, length, shiftMillis);
            reserve(shiftedLength);
            System.arraycopy(shift.bytes(), 0, bytes, 0, shiftedLength);
            length = shiftedLength;
            kind = walker.walk(view, 0, length);
        }
        noteSymbols();
    }

    private void reserve(int needed) {
        if (bytes.length < needed) {
            bytes = Arrays.copyOf(bytes, Math.max(needed, bytes.length * 2));
            view = ByteBuffer.wrap(bytes);
        }
    }

    private void noteSymbols() {
        if (symbols.length < walker.tradeCount()) {
            symbols = new @Nullable String[walker.tradeCount()];
        }
        for (int i = 0; i < walker.tradeCount(); i++) {
            symbols[i] = symbolOf(walker.trade(i));
        }
    }

    private @Nullable String symbolOf(Trade trade) {
        if (trade.defect() != Trade.Defect.NONE) {
            return null;
        }
        if (!trade.symbolEscaped()) {
            return symbolKey(new String(bytes, trade.symbolOffset(), trade.symbolLength(), StandardCharsets.UTF_8));
        }
        byte[] decoded = new byte[trade.symbolLength()];
        int decodedLength = JsonText.decode(bytes, trade.symbolOffset(), trade.symbolLength(), decoded);
        return symbolKey(new String(decoded, 0, decodedLength, StandardCharsets.UTF_8));
    }

    /** The form in which symbols are compared: the venue answers a subscription of {@code aapl} with {@code AAPL}. */
    static String symbolKey(String symbol) {
        return symbol.toUpperCase(Locale.ROOT);
    }

    /** What the frame is. */
    FrameWalker.Kind kind() {
        return kind;
    }

    /** How many trades it has. */
    int tradeCount() {
        return walker.tradeCount();
    }

    /** The symbol of a trade, as {@link #symbolKey}; null if the trade is not well formed. */
    @Nullable String symbol(int index) {
        return symbols[index];
    }

    /** When a trade happened; -1 if that is not told by a plausible time. */
    long tradedAtMillis(int index) {
        return TimeShift.tradedAtMillis(walker.trade(index), bytes);
    }

    /**
     * Selects what goes to somebody who subscribed these symbols; read it with {@link #selection()} before the next
     * call.
     *
     * @return whether anything does
     */
    boolean select(Set<String> subscribed) {
        int count = walker.tradeCount();
        int wanted = 0;
        int unnamed = 0;
        for (int i = 0; i < count; i++) {
            String symbol = symbols[i];
            if (symbol == null) {
                unnamed++;
            } else if (subscribed.contains(symbol)) {
                wanted++;
            }
        }
        if (wanted == 0 && unnamed < count) {
            return false;
        }
        selectedTrades = wanted + unnamed;
        if (selectedTrades == count) {
            selection = bytes;
            selectionLength = length;
        } else {
            cut(subscribed);
        }
        return true;
    }

    private void cut(Set<String> subscribed) {
        if (part.length < length) {
            part = new byte[bytes.length];
        }
        selection = part;
        selectionLength = 0;
        int first = walker.trade(0).offset();
        append(0, first);
        for (int i = 0; i < walker.tradeCount(); i++) {
            String symbol = symbols[i];
            if (symbol != null && !subscribed.contains(symbol)) {
                continue;
            }
            if (selectionLength > first) {
                part[selectionLength++] = ',';
            }
            Trade trade = walker.trade(i);
            append(trade.offset(), trade.length());
        }
        Trade last = walker.trade(walker.tradeCount() - 1);
        int end = last.offset() + last.length();
        append(end, length - end);
    }

    private void append(int offset, int count) {
        System.arraycopy(bytes, offset, part, selectionLength, count);
        selectionLength += count;
    }

    /** The selected bytes, from index 0. */
    byte[] selection() {
        return selection;
    }

    /** How many bytes are selected. */
    int selectionLength() {
        return selectionLength;
    }

    /** How many trades are selected. */
    int selectedTrades() {
        return selectedTrades;
    }
}
