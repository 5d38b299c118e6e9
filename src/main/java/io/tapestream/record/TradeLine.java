package io.tapestream.record;

import java.nio.charset.StandardCharsets;

/**
 * Writes one trade as a line of JSON (docs/RECORDS.md, section 4), once, at its place in a user record.
 *
 * <p>A line is measured before it is written, so that what is too long is never begun.
 */
final class TradeLine {
    /** Longest line, its newline included. */
    static final int MAX_LENGTH = 8192;

    private static final Fragment TRADE_ID = new Fragment("{\"trade_id\":\"");
    private static final Fragment SYMBOL = new Fragment("\",\"symbol\":\"");
    private static final Fragment ASSET_CLASS = new Fragment("\",\"asset_class\":\"");
    private static final Fragment PRICE = new Fragment("\",\"price\":");
    private static final Fragment QUOTE_AND_PRICE = new Fragment("\",\"kind\":\"quote\",\"price\":");
    private static final Fragment VOLUME = new Fragment(",\"volume\":");
    private static final Fragment TRADED_AT = new Fragment(",\"traded_at\":");
    private static final Fragment RECEIVED_AT = new Fragment(",\"received_at\":");
    private static final Fragment CONDITIONS = new Fragment(",\"conditions\":[");

    private final VenueTable venues;
    private final Fragment feedAndEnd;
    private final int fixedLength;

    /** Digits of the receive time, which all trades of a frame share. */
    private final byte[] receivedAt = new byte[LineText.MAX_LONG_LENGTH + Words.ROOM];

    private int receivedAtLength;
    private long receivedAtMillis = -1;
    private Fragment assetClass = new Fragment("");
    private int length;

    TradeLine(String feed, VenueTable venues) {
        this.venues = venues;
        this.feedAndEnd =
                new Fragment(",\"feed\":\"" + new String(LineText.escaped(feed), StandardCharsets.UTF_8) + "\"}\n");
        this.fixedLength = TRADE_ID.length()
                + LineText.ID_LENGTH
                + SYMBOL.length()
                + ASSET_CLASS.length()
                + VOLUME.length()
                + TRADED_AT.length()
                + RECEIVED_AT.length()
                + feedAndEnd.length();
    }

    /** The length of the trade's line; more than {@link #MAX_LENGTH}, and then not exact, if it is too long. */
    int measure(TradeKey key, long newReceivedAtMillis) {
        if (key.isOverlong()) {
            length = MAX_LENGTH + 1;
            return length;
        }
        assetClass = venues.assetClass(key.bytes(), key.symbolOffset(), key.symbolLength());
        if (newReceivedAtMillis != receivedAtMillis) {
            receivedAtMillis = newReceivedAtMillis;
            receivedAtLength = LineText.writeLong(receivedAtMillis, receivedAt, 0);
        }
        length = fixedLength
                + textLength(key, key.symbolOffset(), key.symbolLength())
                + assetClass.length()
                + (key.isQuote() ? QUOTE_AND_PRICE : PRICE).length()
                + key.priceLength()
                + key.volumeLength()
                + key.tradedAtLength()
                + receivedAtLength
                + conditionsLength(key);
        return length;
    }

    /** The length measured last. */
    int measured() {
        return length;
    }

    private static int conditionsLength(TradeKey key) {
        int count = key.conditionCount();
        if (count == 0) {
            return 0;
        }
        int total = CONDITIONS.length();
        int at = key.conditionsOffset();
        for (int i = 0; i < count; i++) {
            int length = key.conditionLength(at);
            at += Short.BYTES;
            total += textLength(key, at, length) + 3; // two quotation marks, and a comma or the closing bracket
            at += length;
        }
        return total;
    }

    private static int textLength(TradeKey key, int offset, int length) {
        return key.isEscaped() ? LineText.escapedLength(key.bytes(), offset, length) : length;
    }

    /**
     * Writes the line of the trade that was measured last, and up to {@link Words#ROOM} bytes behind it; returns its
     * end.
     */
    int write(TradeKey key, long idHigh, long idLow, byte[] target, int offset) {
        byte[] bytes = key.bytes();
        int at = TRADE_ID.writeTo(target, offset);
        at = LineText.writeId(idHigh, idLow, target, at);
        at = SYMBOL.writeTo(target, at);
        at = text(key, key.symbolOffset(), key.symbolLength(), target, at);
        at = ASSET_CLASS.writeTo(target, at);
        at = assetClass.writeTo(target, at);
        at = (key.isQuote() ? QUOTE_AND_PRICE : PRICE).writeTo(target, at);
        at = Words.copy(bytes, key.priceOffset(), key.priceLength(), target, at);
        at = VOLUME.writeTo(target, at);
        at = Words.copy(bytes, key.volumeOffset(), key.volumeLength(), target, at);
        at = TRADED_AT.writeTo(target, at);
        at = key.writeTradedAt(target, at);
        at = RECEIVED_AT.writeTo(target, at);
        at = Words.copy(receivedAt, 0, receivedAtLength, target, at);
        at = conditions(key, target, at);
        return feedAndEnd.writeTo(target, at);
    }

    private static int conditions(TradeKey key, byte[] target, int offset) {
        int count = key.conditionCount();
        if (count == 0) {
            return offset;
        }
        int at = CONDITIONS.writeTo(target, offset);
        int from = key.conditionsOffset();
        for (int i = 0; i < count; i++) {
            int length = key.conditionLength(from);
            from += Short.BYTES;
            target[at++] = '"';
            at = text(key, from, length, target, at);
            target[at++] = '"';
            target[at++] = ',';
            from += length;
        }
        target[at - 1] = ']';
        return at;
    }

    private static int text(TradeKey key, int offset, int length, byte[] target, int at) {
        return key.isEscaped()
                ? LineText.writeEscaped(key.bytes(), offset, length, target, at)
                : Words.copy(key.bytes(), offset, length, target, at);
    }
}
