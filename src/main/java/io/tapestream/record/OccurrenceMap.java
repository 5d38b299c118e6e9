package io.tapestream.record;

import java.util.Arrays;

/**
 * How often each hash was added: an open-addressing table of primitives.
 *
 * <p>A slot is two words beside each other, so that a look touches one line of the processor's cache where the table is
 * larger than that: the high half of the hash, and the upper part of its low half over a count of 32 bits. The 96 bits
 * tell hashes apart; a count of 0 is a free slot.
 *
 * <p>It doubles when it is half full and keeps its memory when it is cleared. What bounds it is the journal segment
 * whose frames or trades it counts: a trade takes at least 37 bytes of a message, a slot 16 bytes of memory.
 */
final class OccurrenceMap {
    private static final int INITIAL_SLOTS = 1 << 10;
    private static final long COUNT_MASK = 0xFFFF_FFFFL;

    private long[] slots = new long[2 * INITIAL_SLOTS];
    private int size;

    /** How often the hash was added. */
    int count(long high, long low) {
        return (int) slots[find(slots, high, low) + 1];
    }

    /** Adds the hash once more; returns how often it had been added before. */
    int add(long high, long low) {
        int at = find(slots, high, low);
        int before = (int) slots[at + 1];
        if (before > 0) {
            slots[at + 1]++;
            return before;
        }
        slots[at] = high;
        slots[at + 1] = (low & ~COUNT_MASK) | 1;
        size++;
        if (4 * size > slots.length) {
            grow();
        }
        return 0;
    }

    /** Number of different hashes. */
    int size() {
        return size;
    }

    void clear() {
        if (size > 0) {
            Arrays.fill(slots, 0);
            size = 0;
        }
    }

    /** Where the hash's slot begins, or the free one where it belongs. */
    private static int find(long[] slots, long high, long low) {
        int mask = slots.length - 2;
        int at = (int) (high << 1) & mask;
        while ((int) slots[at + 1] != 0 && (slots[at] != high || (slots[at + 1] ^ low) >>> Integer.SIZE != 0)) {
            at = (at + 2) & mask;
        }
        return at;
    }

    private void grow() {
        long[] larger = new long[2 * slots.length];
        for (int old = 0; old < slots.length; old += 2) {
            if ((int) slots[old + 1] != 0) {
                int at = find(larger, slots[old], slots[old + 1]);
                larger[at] = slots[old];
                larger[at + 1] = slots[old + 1];
            }
        }
        slots = larger;
    }
}
