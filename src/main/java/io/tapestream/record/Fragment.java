package io.tapestream.record;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** A piece of a line that never changes. */
final class Fragment {
    private final byte[] bytes;
    private final int length;

    Fragment(String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        length = utf8.length;
        bytes = Arrays.copyOf(utf8, length + Words.ROOM);
    }

    int length() {
        return length;
    }

    /** Writes it, and up to {@link Words#ROOM} bytes behind it; returns its end. */
    int writeTo(byte[] target, int offset) {
        return Words.copy(bytes, 0, length, target, offset);
    }

    @Override
    public String toString() {
        return new String(bytes, 0, length, StandardCharsets.UTF_8);
    }
}
