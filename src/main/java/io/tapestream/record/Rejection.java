package io.tapestream.record;

import io.tapestream.frame.Trade;
import java.util.Locale;

/** Why a trade is rejected, in the order in which the rules are tried (docs/RECORDS.md, section 1). */
enum Rejection {
    WRONG_TYPE,
    MISSING_FIELD,
    LONE_SURROGATE,
    SYMBOL,
    DIGITS,
    RANGE,
    PRICE,
    VOLUME,
    TRADED_AT,
    LINE_LENGTH;

    private final String label = name().toLowerCase(Locale.ROOT).replace('_', '-');

    /** The reason of an element whose structure is wrong. */
    static Rejection of(Trade.Defect defect) {
        return switch (defect) {
            case NONE -> throw new IllegalArgumentException("no defect");
            case WRONG_TYPE -> WRONG_TYPE;
            case MISSING_FIELD -> MISSING_FIELD;
            case LONE_SURROGATE -> LONE_SURROGATE;
        };
    }

    /** The reason's name in metrics, logs and documents. */
    String label() {
        return label;
    }
}
