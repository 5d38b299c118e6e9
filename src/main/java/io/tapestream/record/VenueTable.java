package io.tapestream.record;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Finds the asset class of a symbol by the venue before its first colon, without making a text of either. */
final class VenueTable {
    private static final long EACH_BYTE = 0x0101_0101_0101_0101L;
    private static final long HIGH_BITS = 0x8080_8080_8080_8080L;
    private static final Fragment STOCK = assetClassText("stock");
    private static final Fragment OTHER = assetClassText("other");

    private final byte[] @Nullable [] venues;
    private final Fragment[] assetClasses;

    VenueTable(Map<String, String> assetClassByVenue) {
        int slots = Integer.highestOneBit(Math.max(4, assetClassByVenue.size())) * 4;
        venues = new byte[slots][];
        assetClasses = new Fragment[slots];
        assetClassByVenue.forEach((venue, assetClass) -> {
            byte[] name = venue.getBytes(StandardCharsets.UTF_8);
            int slot = hash(Arrays.copyOf(name, name.length + Words.ROOM), 0, name.length) & (slots - 1);
            while (venues[slot] != null) {
                slot = (slot + 1) & (slots - 1);
            }
            venues[slot] = name;
            assetClasses[slot] = assetClassText(assetClass);
        });
    }

    private static Fragment assetClassText(String assetClass) {
        return new Fragment(new String(LineText.escaped(assetClass), StandardCharsets.UTF_8));
    }

    /** The asset class of a symbol, as it stands in a line. {@link Words#ROOM} bytes have to be there behind it. */
    Fragment assetClass(byte[] bytes, int symbolOffset, int symbolLength) {
        int end = symbolOffset + symbolLength;
        int colon = colon(bytes, symbolOffset, end);
        return colon >= end ? STOCK : lookUp(bytes, symbolOffset, colon);
    }

    /** The first colon from {@code from} on, or something not below {@code end}. */
    private static int colon(byte[] bytes, int from, int end) {
        int i = from;
        long colons = 0;
        while (i < end && colons == 0) {
            long word = Words.get(bytes, i) ^ (':' * EACH_BYTE);
            colons = (word - EACH_BYTE) & ~word & HIGH_BITS;
            i += Long.BYTES;
        }
        return colons == 0 ? end : i - Long.BYTES + (Long.numberOfTrailingZeros(colons) >>> 3);
    }

    private Fragment lookUp(byte[] bytes, int from, int to) {
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

    /** Of the length and the first eight bytes, which tell most venues apart. */
    private static int hash(byte[] bytes, int from, int to) {
        long word = Words.get(bytes, from) & Words.first(Math.min(Long.BYTES, to - from));
        return (int) (((word + to - from) * 0x9E37_79B9_7F4A_7C15L) >>> 40);
    }
}
