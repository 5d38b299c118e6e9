package io.tapestream.record;

import java.util.Arrays;

/**
 * How often each 128-bit hash was added: an open-addressing table of primitives.
 *
 * <p>It doubles when it is half full and keeps its memory when it is cleared. What bounds it is the journal segment
 * whose frames or trades it counts: a trade takes at least 37 bytes of a message, a slot 20 bytes of memory.
 */
final class OccurrenceMap {
    private static final int INITIAL_SLOTS = 1 << 10;

    private long[] hashes = new long[2 * INITIAL_SLOTS];
    private int[] counts = new int[INITIAL_SLOTS];
    private int size;

    /** How often the hash was added. */
    int count(long high, long low) {
        return counts[slot(hashes, counts, high, low)];
    }

    /** Adds the hash once more; returns how often it had been added before. */
    int add(long high, long low) {
        int slot = slot(hashes, counts, high, low);
        int before = counts[slot]++;
        if (before == 0) {
            hashes[2 * slot] = high;
            hashes[2 * slot + 1] = low;
            size++;
            if (2 * size > counts.length) {
                grow();
            }
        }
        return before;
    }

    /** Number of different hashes. */
    int size() {
        return size;
    }

    void clear() {
        if (size > 0) {
            Arrays.fill(counts, 0);
            size = 0;
        }
    }

    /** The slot of the hash, or the free one where it belongs: a count of 0 is a free slot. */
    private static int slot(long[] hashes, int[] counts, long high, long low) {
        int mask = counts.length - 1;
        int slot = (int) low & mask;
        while (counts[slot] != 0 && (hashes[2 * slot] != high || hashes[2 * slot + 1] != low)) {
            slot = (slot + 1) & mask;
        }
        return slot;
    }

    private void grow() {
        long[] newHashes = new long[2 * hashes.length];
        int[] newCounts = new int[2 * counts.length];
        for (int old = 0; old < counts.length; old++) {
            if (counts[old] == 0) {
                continue;
            }
            int slot = slot(newHashes, newCounts, hashes[2 * old], hashes[2 * old + 1]);
            newHashes[2 * slot] = hashes[2 * old];
            newHashes[2 * slot + 1] = hashes[2 * old + 1];
            newCounts[slot] = counts[old];
        }
        hashes = newHashes;
        counts = newCounts;
    }
}
