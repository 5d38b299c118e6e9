package io.tapestream.bench;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/** A set of texts, known by their 64-bit hashes. */
final class Fingerprints {
    private long[] hashes = new long[1 << 16];
    private int count;
    private boolean isSorted = true;

    void add(long hash) {
        if (count == hashes.length) {
            hashes = Arrays.copyOf(hashes, count * 2);
        }
        hashes[count++] = hash;
        isSorted = false;
    }

    /** How many were added, each as often as it was. */
    int added() {
        return count;
    }

    /** How many different ones there are. */
    int distinct() {
        sort();
        int distinct = 0;
        for (int i = 0; i < count; i++) {
            if (i == 0 || hashes[i] != hashes[i - 1]) {
                distinct++;
            }
        }
        return distinct;
    }

    /** How many different ones of these are not among the others. */
    int distinctMissingFrom(Fingerprints others) {
        sort();
        others.sort();
        int missing = 0;
        for (int i = 0; i < count; i++) {
            boolean isNew = i == 0 || hashes[i] != hashes[i - 1];
            if (isNew && Arrays.binarySearch(others.hashes, 0, others.count, hashes[i]) < 0) {
                missing++;
            }
        }
        return missing;
    }

    private void sort() {
        if (!isSorted) {
            Arrays.sort(hashes, 0, count);
            isSorted = true;
        }
    }

    void write(Path file) throws IOException {
        try (var out = new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(file)))) {
            out.writeInt(count);
            for (int i = 0; i < count; i++) {
                out.writeLong(hashes[i]);
            }
        }
    }

    static Fingerprints read(Path file) throws IOException {
        Fingerprints read = new Fingerprints();
        try (var in = new DataInputStream(new BufferedInputStream(Files.newInputStream(file)))) {
            for (int left = in.readInt(); left > 0; left--) {
                read.add(in.readLong());
            }
        }
        return read;
    }
}
