package io.tapestream.frame;

import java.util.Arrays;
import java.util.Objects;

/**
 * Where the fields of each trade of one message lie, and the view of one trade at a time.
 *
 * <p>Each trade has a slot of twelve ints, two for each field and two for its whole element. Of symbol, price, volume
 * and time the first int is the field's offset, or, below zero, what is wrong with it; the second is its length,
 * shifted left by one bit for the escape mark. Of the conditions they are the place of the first one among all
 * conditions, and their number; each condition is again an offset and a shifted length. The arrays grow to the largest
 * message seen and are used again.
 */
final class TradeSlots implements Trade {
    static final int SYMBOL = 0;
    static final int PRICE = 2;
    static final int VOLUME = 4;
    static final int TRADED_AT = 6;
    static final int CONDITIONS = 8;

    // In the order in which they prevail over each other, the lowest first.
    static final int WRONG_TYPE = -3;
    static final int MISSING = -2;
    static final int LONE_SURROGATE = -1;

    private static final int ELEMENT = 10;
    private static final int SLOT_LENGTH = 12;

    private int[] slots = new int[64 * SLOT_LENGTH];
    private int[] conditions = new int[512];
    private int count;
    private int conditionsEnd;
    private int slot;

    void clear() {
        count = 0;
        conditionsEnd = 0;
    }

    /** Begins a trade of which no field is known; the fields that follow are its own. */
    void begin(int offset) {
        slot = count * SLOT_LENGTH;
        count++;
        if (slot == slots.length) {
            slots = Arrays.copyOf(slots, 2 * slots.length);
        }
        slots[slot + ELEMENT] = offset;
        slots[slot + SYMBOL] = MISSING;
        slots[slot + PRICE] = MISSING;
        slots[slot + VOLUME] = MISSING;
        slots[slot + TRADED_AT] = MISSING;
        noConditions();
    }

    void end(int offset) {
        slots[slot + ELEMENT + 1] = offset - slots[slot + ELEMENT];
    }

    void field(int field, int offset, int length, boolean escaped) {
        slots[slot + field] = offset;
        slots[slot + field + 1] = shifted(length, escaped);
    }

    void defect(int field, int what) {
        slots[slot + field] = what;
    }

    void noConditions() {
        slots[slot + CONDITIONS] = conditionsEnd;
        slots[slot + CONDITIONS + 1] = 0;
    }

    void condition(int offset, int length, boolean escaped) {
        if (conditionsEnd == conditions.length) {
            conditions = Arrays.copyOf(conditions, 2 * conditions.length);
        }
        conditions[conditionsEnd] = offset;
        conditions[conditionsEnd + 1] = shifted(length, escaped);
        conditionsEnd += 2;
        slots[slot + CONDITIONS + 1]++;
    }

    int count() {
        return count;
    }

    /** Turns the view to trade {@code index}. */
    Trade at(int index) {
        slot = Objects.checkIndex(index, count) * SLOT_LENGTH;
        return this;
    }

    @Override
    public Defect defect() {
        int worst = Math.min(
                Math.min(slots[slot + SYMBOL], slots[slot + CONDITIONS]),
                Math.min(slots[slot + PRICE], Math.min(slots[slot + VOLUME], slots[slot + TRADED_AT])));
        return switch (worst) {
            case WRONG_TYPE -> Defect.WRONG_TYPE;
            case MISSING -> Defect.MISSING_FIELD;
            case LONE_SURROGATE -> Defect.LONE_SURROGATE;
            default -> Defect.NONE;
        };
    }

    @Override
    public int offset() {
        return slots[slot + ELEMENT];
    }

    @Override
    public int length() {
        return slots[slot + ELEMENT + 1];
    }

    @Override
    public int symbolOffset() {
        return slots[slot + SYMBOL];
    }

    @Override
    public int symbolLength() {
        return unshifted(slots[slot + SYMBOL + 1]);
    }

    @Override
    public boolean symbolEscaped() {
        return escaped(slots[slot + SYMBOL + 1]);
    }

    @Override
    public int priceOffset() {
        return slots[slot + PRICE];
    }

    @Override
    public int priceLength() {
        return unshifted(slots[slot + PRICE + 1]);
    }

    @Override
    public int volumeOffset() {
        return slots[slot + VOLUME];
    }

    @Override
    public int volumeLength() {
        return unshifted(slots[slot + VOLUME + 1]);
    }

    @Override
    public int tradedAtOffset() {
        return slots[slot + TRADED_AT];
    }

    @Override
    public int tradedAtLength() {
        return unshifted(slots[slot + TRADED_AT + 1]);
    }

    @Override
    public int conditionCount() {
        return slots[slot + CONDITIONS + 1];
    }

    @Override
    public int conditionOffset(int i) {
        return conditions[conditionSlot(i)];
    }

    @Override
    public int conditionLength(int i) {
        return unshifted(conditions[conditionSlot(i) + 1]);
    }

    @Override
    public boolean conditionEscaped(int i) {
        return escaped(conditions[conditionSlot(i) + 1]);
    }

    private int conditionSlot(int i) {
        return slots[slot + CONDITIONS] + 2 * Objects.checkIndex(i, conditionCount());
    }

    private static int shifted(int length, boolean escaped) {
        return length << 1 | (escaped ? 1 : 0);
    }

    private static int unshifted(int shifted) {
        return shifted >>> 1;
    }

    private static boolean escaped(int shifted) {
        return (shifted & 1) != 0;
    }
}
