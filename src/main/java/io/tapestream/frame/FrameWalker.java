package io.tapestream.frame;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Objects;

/**
 * Walks one message and notes where its trades lie.
 *
 * <p>A message is copied once, whole, and what is read of it is read from the copy, which has room behind its end: so
 * eight bytes can be looked at at a time, wherever they lie, and the end needs no looking out for. It is taken in one
 * pass, in linear time, without allocation; only the room for bytes and offsets grows to the largest message seen.
 * Order and spacing of keys carry no meaning, and of duplicate keys the last one counts. Elements of {@code data} are
 * noted before the type is known, because the feed sends the type last. Not safe for use by several threads.
 */
public final class FrameWalker {
    /** What a message turned out to be. */
    public enum Kind {
        /** Type {@code trade}; may hold no trade at all. */
        TRADES,
        /** Type {@code ping}. */
        PING,
        /** Type {@code error}. */
        ERROR,
        /** Valid JSON of another type or without one. */
        OTHER,
        /** Not a whole, valid JSON text. */
        BROKEN
    }

    private static final int TYPE_NAME_LENGTH = 32;
    private static final int NO_TYPE = -1;
    private static final int INITIAL_LENGTH = 4096;

    private final JsonScanner scanner = new JsonScanner();
    private final TradeSlots trades = new TradeSlots();
    private final JsonName name = new JsonName();

    private byte[] bytes = new byte[INITIAL_LENGTH];
    private int typeOffset = NO_TYPE;
    private int typeLength;
    private boolean typeEscaped;

    /**
     * Walks {@code length} bytes from {@code offset}; what {@link #trade} returned before is no longer valid. The
     * buffer's order, position and, but for its limit, state carry no meaning, and it may be changed afterwards.
     */
    public Kind walk(ByteBuffer buffer, int offset, int length) {
        Objects.checkFromIndexSize(offset, length, buffer.limit());
        copy(buffer, offset, length);
        typeOffset = NO_TYPE;
        trades.clear();
        Kind kind = kindOf(length);
        if (kind != Kind.TRADES) {
            trades.clear();
        }
        return kind;
    }

    private void copy(ByteBuffer buffer, int offset, int length) {
        if (bytes.length < length + JsonScanner.PADDING) {
            bytes = new byte[Math.max(2 * bytes.length, length + JsonScanner.PADDING)];
        }
        buffer.get(offset, bytes, 0, length);
        Arrays.fill(bytes, length, length + JsonScanner.PADDING, (byte) 0);
    }

    /**
     * The bytes of the last message, from index 0, with sixteen more behind them; offsets of trades are into them.
     * Valid until the next walk.
     */
    public byte[] bytes() {
        return bytes;
    }

    /** The number of elements of {@code data} in the last message of kind TRADES, 0 for any other kind. */
    public int tradeCount() {
        return trades.count();
    }

    /** Points the one trade of this walker at element {@code index}, 0 to {@link #tradeCount()} - 1. */
    public Trade trade(int index) {
        return trades.at(index);
    }

    /**
     * The text of the last message's type, cut to 32 characters, empty if it has none; allocates, so not for trades.
     */
    public String typeName() {
        if (typeOffset == NO_TYPE) {
            return "";
        }
        byte[] text = new byte[typeLength];
        int length = JsonText.decode(bytes, typeOffset, typeLength, text);
        String type = new String(text, 0, length, StandardCharsets.UTF_8);
        return type.codePointCount(0, type.length()) <= TYPE_NAME_LENGTH
                ? type
                : type.substring(0, type.offsetByCodePoints(0, TYPE_NAME_LENGTH));
    }

    private Kind kindOf(int length) {
        try {
            scanner.reset(bytes, length);
            if (scanner.peek() == '{') {
                message();
            } else {
                scanner.value();
            }
            scanner.end();
        } catch (MalformedJsonException e) {
            typeOffset = NO_TYPE;
            return Kind.BROKEN;
        }
        return kindOfType();
    }

    private Kind kindOfType() {
        if (typeOffset == NO_TYPE) {
            return Kind.OTHER;
        }
        name.read(bytes, typeOffset, typeLength, typeEscaped);
        if (name.is("trade")) {
            return Kind.TRADES;
        }
        if (name.is("ping")) {
            return Kind.PING;
        }
        return name.is("error") ? Kind.ERROR : Kind.OTHER;
    }

    private void message() {
        for (boolean more = scanner.open('}'); more; more = scanner.more('}')) {
            key();
            if (name.is("data")) {
                data();
            } else if (name.is("type")) {
                type();
            } else {
                scanner.value();
            }
        }
    }

    private void key() {
        scanner.key();
        name.read(bytes, scanner.tokenOffset(), scanner.tokenLength(), scanner.escaped());
    }

    private void type() {
        boolean isText = scanner.peek() == '"';
        scanner.value();
        typeOffset = isText ? scanner.tokenOffset() : NO_TYPE;
        typeLength = scanner.tokenLength();
        typeEscaped = scanner.escaped();
    }

    private void data() {
        trades.clear();
        if (scanner.peek() != '[') {
            scanner.value();
            return;
        }
        for (boolean more = scanner.open(']'); more; more = scanner.more(']')) {
            trades.begin(scanner.at());
            element();
            trades.end(scanner.lastEnd());
        }
    }

    private void element() {
        if (scanner.peek() != '{') {
            scanner.value();
            trades.defect(TradeSlots.SYMBOL, TradeSlots.WRONG_TYPE);
            return;
        }
        for (boolean more = scanner.open('}'); more; more = scanner.more('}')) {
            field();
        }
    }

    private void field() {
        switch (letter()) {
            case 's' -> symbol();
            case 'p' -> number(TradeSlots.PRICE);
            case 'v' -> number(TradeSlots.VOLUME);
            case 't' -> number(TradeSlots.TRADED_AT);
            case 'c' -> conditions();
            default -> scanner.value();
        }
    }

    /** Takes a key; the letter it consists of, or 0 if it is not one letter. */
    private int letter() {
        int letter = scanner.letterKey();
        if (letter == 0) {
            key();
            letter = name.letter();
        }
        return letter;
    }

    private void symbol() {
        if (scanner.peek() != '"') {
            otherThanExpected(TradeSlots.SYMBOL);
            return;
        }
        scanner.string();
        trades.field(TradeSlots.SYMBOL, scanner.tokenOffset(), scanner.tokenLength(), scanner.escaped());
        if (scanner.loneSurrogate()) {
            trades.defect(TradeSlots.SYMBOL, TradeSlots.LONE_SURROGATE);
        }
    }

    private void number(int field) {
        switch (scanner.peek()) {
            case '"', '{', '[', 't', 'f', 'n' -> otherThanExpected(field);
            default -> {
                scanner.number();
                trades.field(field, scanner.tokenOffset(), scanner.tokenLength(), false);
            }
        }
    }

    private void otherThanExpected(int field) {
        trades.defect(field, scanner.peek() == 'n' ? TradeSlots.MISSING : TradeSlots.WRONG_TYPE);
        scanner.value();
    }

    private void conditions() {
        trades.noConditions();
        if (scanner.peek() != '[') {
            if (scanner.peek() != 'n') {
                trades.defect(TradeSlots.CONDITIONS, TradeSlots.WRONG_TYPE);
            }
            scanner.value();
            return;
        }
        boolean allText = true;
        boolean loneSurrogate = false;
        for (boolean more = scanner.open(']'); more; more = scanner.more(']')) {
            boolean isText = scanner.peek() == '"';
            scanner.value();
            allText &= isText;
            loneSurrogate |= isText && scanner.loneSurrogate();
            trades.condition(scanner.tokenOffset(), scanner.tokenLength(), scanner.escaped());
        }
        if (!allText || loneSurrogate) {
            trades.defect(TradeSlots.CONDITIONS, allText ? TradeSlots.LONE_SURROGATE : TradeSlots.WRONG_TYPE);
        }
    }
}
