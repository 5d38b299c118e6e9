package io.tapestream.record;

import io.tapestream.frame.JsonText;
import io.tapestream.frame.Trade;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * The canonical bytes of one trade: what its identity is made of, and what its line is written from.
 *
 * <p>The layout, with integers little-endian (also in docs/RECORDS.md, section 3, from which ids can be recomputed):
 *
 * <pre>
 * length  field
 *      1  layout version, 1
 *      1  length of the feed's name
 *      n  feed's name, UTF-8
 *      2  length of the symbol
 *      n  symbol, escapes decoded, UTF-8
 *      8  traded at, ms
 *      1  length of the price
 *      n  price, canonical number, ASCII
 *      1  length of the volume
 *      n  volume, canonical number, ASCII
 *      2  number of conditions
 *         each condition: 2 bytes length, then its text, escapes decoded, UTF-8
 *      4  ordinal; not part of the key, but of what is hashed for the trade_id
 * </pre>
 *
 * <p>Reused for one trade after the other. It holds no more of a trade than fits into a line: conditions are read up to
 * the longest line, and {@link TradeLine} refuses what is longer.
 */
final class TradeKey {
    private static final byte VERSION = 1;
    private static final int MAX_FEED_LENGTH = 255;
    private static final int MAX_SYMBOL_LENGTH = 256;
    private static final long MIN_TRADED_AT = 946_684_800_000L;
    private static final long MAX_TRADED_AT = 4_102_444_799_999L;

    /** Decoding shortens a text to a sixth at most (six characters of an escape to one byte). */
    private static final int MAX_ESCAPE_RATIO = 6;

    private static final int SCRATCH_LENGTH = MAX_ESCAPE_RATIO * TradeLine.MAX_LENGTH;
    private static final VarHandle SHORT = MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private final CanonicalNumber price = new CanonicalNumber();
    private final CanonicalNumber volume = new CanonicalNumber();
    private final CanonicalNumber time = new CanonicalNumber();
    private final byte[] scratch = new byte[SCRATCH_LENGTH];
    // What precedes the conditions, conditions that fill a line, and one more that proves to be too long.
    private final byte[] bytes = new byte[3 * TradeLine.MAX_LENGTH];
    private final int symbolOffset;

    private int symbolLength;
    private long tradedAtMillis;
    private int priceOffset;
    private int priceLength;
    private int volumeOffset;
    private int volumeLength;
    private int conditionCount;
    private int conditionsOffset;
    private int length;
    private boolean escaped;
    private boolean overlong;

    TradeKey(String feed) {
        byte[] name = feed.getBytes(StandardCharsets.UTF_8);
        if (name.length > MAX_FEED_LENGTH) {
            throw new IllegalArgumentException(
                    "feed name too long: length=" + name.length + " (expected: at most 255 bytes of UTF-8)");
        }
        bytes[0] = VERSION;
        bytes[1] = (byte) name.length;
        System.arraycopy(name, 0, bytes, 2, name.length);
        symbolOffset = 2 + name.length + Short.BYTES;
    }

    /**
     * Takes the fields of a trade from its walker's bytes; returns the first rule that it breaks, but for that of the
     * line's length.
     */
    @Nullable Rejection read(byte[] message, Trade trade) {
        if (trade.defect() != Trade.Defect.NONE) {
            return Rejection.of(trade.defect());
        }
        escaped = false;
        overlong = false;
        if (!readSymbol(message, trade)) {
            return Rejection.SYMBOL;
        }
        Rejection ofNumbers = readNumbers(message, trade);
        if (ofNumbers != null) {
            return ofNumbers;
        }
        writeNumbers();
        readConditions(message, trade);
        return null;
    }

    private boolean readSymbol(byte[] message, Trade trade) {
        int rawLength = trade.symbolLength();
        if (rawLength == 0 || rawLength > MAX_ESCAPE_RATIO * MAX_SYMBOL_LENGTH) {
            return false;
        }
        symbolLength = readText(message, trade.symbolOffset(), rawLength, trade.symbolEscaped(), symbolOffset);
        return symbolLength <= MAX_SYMBOL_LENGTH;
    }

    private @Nullable Rejection readNumbers(byte[] message, Trade trade) {
        CanonicalNumber.Verdict ofPrice = price.read(message, trade.priceOffset(), trade.priceLength());
        CanonicalNumber.Verdict ofVolume = volume.read(message, trade.volumeOffset(), trade.volumeLength());
        if (ofPrice == CanonicalNumber.Verdict.DIGITS || ofVolume == CanonicalNumber.Verdict.DIGITS) {
            return Rejection.DIGITS;
        }
        if (ofPrice == CanonicalNumber.Verdict.RANGE || ofVolume == CanonicalNumber.Verdict.RANGE) {
            return Rejection.RANGE;
        }
        if (price.isZero() || price.isNegative()) {
            return Rejection.PRICE;
        }
        if (volume.isNegative()) {
            return Rejection.VOLUME;
        }
        CanonicalNumber.Verdict ofTime = time.read(message, trade.tradedAtOffset(), trade.tradedAtLength());
        tradedAtMillis = ofTime == CanonicalNumber.Verdict.FINE ? time.wholeValue() : -1;
        boolean isTime = tradedAtMillis >= MIN_TRADED_AT && tradedAtMillis <= MAX_TRADED_AT;
        return isTime ? null : Rejection.TRADED_AT;
    }

    private void writeNumbers() {
        SHORT.set(bytes, symbolOffset - Short.BYTES, (short) symbolLength);
        int at = symbolOffset + symbolLength;
        LONG.set(bytes, at, tradedAtMillis);
        priceOffset = at + Long.BYTES + 1;
        at = price.writeTo(bytes, priceOffset);
        priceLength = at - priceOffset;
        bytes[priceOffset - 1] = (byte) priceLength;
        volumeOffset = at + 1;
        at = volume.writeTo(bytes, volumeOffset);
        volumeLength = at - volumeOffset;
        bytes[volumeOffset - 1] = (byte) volumeLength;
        conditionsOffset = at + Short.BYTES;
    }

    private void readConditions(byte[] message, Trade trade) {
        conditionCount = trade.conditionCount();
        int at = conditionsOffset;
        for (int i = 0; i < conditionCount; i++) {
            int textOffset = at + Short.BYTES;
            int room = TradeLine.MAX_LENGTH - (textOffset - conditionsOffset);
            int rawLength = trade.conditionLength(i);
            boolean isEscaped = trade.conditionEscaped(i);
            overlong = rawLength > (isEscaped ? MAX_ESCAPE_RATIO * room : room);
            if (overlong) {
                return;
            }
            int textLength = readText(message, trade.conditionOffset(i), rawLength, isEscaped, textOffset);
            overlong = textLength > room;
            if (overlong) {
                return;
            }
            SHORT.set(bytes, at, (short) textLength);
            at = textOffset + textLength;
        }
        SHORT.set(bytes, conditionsOffset - Short.BYTES, (short) conditionCount);
        length = at;
    }

    /** Copies a string decoded to {@code targetOffset} of the key; returns its length. */
    private int readText(byte[] message, int offset, int rawLength, boolean isEscaped, int targetOffset) {
        if (!isEscaped) {
            Words.copy(message, offset, rawLength, bytes, targetOffset);
            return rawLength;
        }
        escaped = true;
        int decodedLength = JsonText.decode(message, offset, rawLength, scratch);
        System.arraycopy(scratch, 0, bytes, targetOffset, Math.min(decodedLength, TradeLine.MAX_LENGTH));
        return decodedLength;
    }

    /** Writes the ordinal behind the key; returns the length of both. */
    int writeOrdinal(int ordinal) {
        INT.set(bytes, length, ordinal);
        return length + Integer.BYTES;
    }

    /** The key's bytes; offsets of the other accessors are into them. */
    byte[] bytes() {
        return bytes;
    }

    int length() {
        return length;
    }

    int symbolOffset() {
        return symbolOffset;
    }

    int symbolLength() {
        return symbolLength;
    }

    int priceOffset() {
        return priceOffset;
    }

    int priceLength() {
        return priceLength;
    }

    int volumeOffset() {
        return volumeOffset;
    }

    int volumeLength() {
        return volumeLength;
    }

    /** Digits of the time. */
    int tradedAtLength() {
        return time.textLength();
    }

    /** Writes the time as it stands in a line, and up to {@link Words#ROOM} bytes behind it; returns its end. */
    int writeTradedAt(byte[] target, int offset) {
        return time.writeTo(target, offset);
    }

    boolean isQuote() {
        return volume.isZero();
    }

    int conditionCount() {
        return conditionCount;
    }

    /** Where the first condition's length stands; each length is followed by its text and the next length. */
    int conditionsOffset() {
        return conditionsOffset;
    }

    /** The text length of the condition whose length stands at {@code offset}. */
    int conditionLength(int offset) {
        return (short) SHORT.get(bytes, offset) & 0xFFFF;
    }

    /** Whether a string of the trade came with escapes; one that came without needs none in the line. */
    boolean isEscaped() {
        return escaped;
    }

    /** Whether the conditions alone are longer than a line may be; the key is then not whole. */
    boolean isOverlong() {
        return overlong;
    }
}
