package io.tapestream;

/**
 * A set of 128-bit ids in one array, probed from a place that the id itself gives, since ids are hashes. It is at most
 * two thirds full, and grows by doubling: 24 to 48 bytes an id, half as much again while it grows.
 */
final class IdSet {
    private static final int FIRST_CAPACITY = 1024;

    /** Two elements an id; both zero where there is none. */
    private long[] slots = new long[2 * FIRST_CAPACITY];

    private int size;
    private boolean hasZero;

    int size() {
        return size;
    }

    /** Returns whether the id was new. */
    boolean add(long high, long low) {
        if (contains(high, low)) {
            return false;
        }
        size++;
        if ((high | low) == 0) {
            hasZero = true;
            return true;
        }
        if (3L * size > 2L * (slots.length / 2)) {
            grow();
        }
        put(high, low);
        return true;
    }

    boolean contains(long high, long low) {
        if ((high | low) == 0) {
            return hasZero;
        }
        int at = place(low);
        while ((slots[at] | slots[at + 1]) != 0) {
            if (slots[at] == high && slots[at + 1] == low) {
                return true;
            }
            at = next(at);
        }
        return false;
    }

    private void put(long high, long low) {
        int at = place(low);
        while ((slots[at] | slots[at + 1]) != 0) {
            at = next(at);
        }
        slots[at] = high;
        slots[at + 1] = low;
    }

    private int place(long low) {
        return 2 * (int) (low & (slots.length / 2 - 1));
    }

    private int next(int at) {
        return (at + 2) & (slots.length - 1);
    }

    private void grow() {
        long[] old = slots;
        slots = new long[2 * old.length];
        for (int at = 0; at < old.length; at += 2) {
            if ((old[at] | old[at + 1]) != 0) {
                put(old[at], old[at + 1]);
            }
        }
    }
}
