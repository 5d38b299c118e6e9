package io.tapestream.frame;

/**
 * Where one trade's fields lie in its frame's buffer; a view of the walker that handed it out. Quotes are trades with
 * volume zero.
 */
public interface Trade {
    /** What is structurally wrong with an element of {@code data}. */
    enum Defect {
        /** Nothing. */
        NONE,
        /** Not an object, or a field of another JSON type than its own. */
        WRONG_TYPE,
        /** No price, symbol, time or volume. */
        MISSING_FIELD,
        /** Half of a surrogate pair in the symbol or a condition. */
        LONE_SURROGATE
    }

    /**
     * What is wrong; anything but NONE makes the values below meaningless, {@link #offset} and {@link #length} apart.
     */
    Defect defect();

    /** Offset of the element's own first byte, the opening brace of a trade. */
    int offset();

    /** Bytes of the whole element, its closing brace included. */
    int length();

    /** Offset of the symbol's first byte after its quotation mark. */
    int symbolOffset();

    /** Bytes of the symbol between its quotation marks, escapes not decoded. */
    int symbolLength();

    /** Whether the symbol has escapes, which {@link JsonText#decode} decodes. */
    boolean symbolEscaped();

    /** Offset of the price, a JSON number. */
    int priceOffset();

    /** Bytes of the price. */
    int priceLength();

    /** Offset of the volume, a JSON number. */
    int volumeOffset();

    /** Bytes of the volume. */
    int volumeLength();

    /** Offset of the trade's time, a JSON number. */
    int tradedAtOffset();

    /** Bytes of the trade's time. */
    int tradedAtLength();

    /** Number of conditions; 0 for null, missing and empty. */
    int conditionCount();

    /** Offset of condition {@code i} after its quotation mark. */
    int conditionOffset(int i);

    /** Bytes of condition {@code i} between its quotation marks, escapes not decoded. */
    int conditionLength(int i);

    /** Whether condition {@code i} has escapes. */
    boolean conditionEscaped(int i);
}
