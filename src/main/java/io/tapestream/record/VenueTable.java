package io.tapestream.record;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Finds the asset class of a symbol by the venue before its first colon, without making a text of either. */
final class VenueTable {
    private static final byte[] STOCK = LineText.escaped("stock");
    private static final byte[] OTHER = LineText.escaped("other");

    private final byte[] @Nullable [] venues;
    private final byte[][] assetClasses;

    VenueTable(Map<String, String> assetClassByVenue) {
        int slots = Integer.highestOneBit(Math.max(4, assetClassByVenue.size())) * 4;
        venues = new byte[slots][];
        assetClasses = new byte[slots][];
        assetClassByVenue.forEach((venue, assetClass) -> {
            byte[] name = venue.getBytes(StandardCharsets.UTF_8);
            int slot = hash(name, 0, name.length) & (slots - 1);
            while (venues[slot] != null) {
                slot = (slot + 1) & (slots - 1);
            }
            venues[slot] = name;
            assetClasses[slot] = LineText.escaped(assetClass);
        });
    }

    /** The asset class of a symbol, as it stands in a line. */
    byte[] assetClass(byte[] bytes, int symbolOffset, int symbolLength) {
        int end = symbolOffset + symbolLength;
        int colon = symbolOffset;
        while (colon < end && bytes[colon] != ':') {
            colon++;
        }
        return colon == end ? STOCK : lookUp(bytes, symbolOffset, colon);
    }

    private byte[] lookUp(byte[] bytes, int from, int to) {
        int mask = venues.length - 1;
        int slot = hash(bytes, from, to) & mask;
        byte[] venue = venues[slot];
        while (venue != null) {
            if (Arrays.equals(venue, 0, venue.length, bytes, from, to)) {
                return assetClasses[slot];
            }
            slot = (slot + 1) & mask;
            venue = venues[slot];
        }
        return OTHER;
    }

    private static int hash(byte[] bytes, int from, int to) {
        int hash = 0;
        for (int i = from; i < to; i++) {
            hash = 31 * hash + bytes[i];
        }
        return hash ^ (hash >>> 7);
    }
}
