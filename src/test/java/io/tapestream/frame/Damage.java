package io.tapestream.frame;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;

/** Does to a message what broken venues, networks and encoders do; what comes out may still be valid at times. */
final class Damage {
    private static final byte[][] PIECES = {
        latin1("\""),
        latin1("\\"),
        latin1(","),
        latin1(":"),
        latin1("{"),
        latin1("}"),
        latin1("["),
        latin1("]"),
        latin1("0"),
        latin1("+"),
        latin1("-"),
        latin1("."),
        latin1("e"),
        latin1("NaN"),
        latin1("\0"),
        latin1("\u001f"),
        latin1("\\u12"),
        latin1("\\x"),
        latin1("\\U0041"),
        latin1("/**/"),
        latin1("'"),
        latin1("\u000b"),
        latin1("\u0080"),
        latin1("\u00c0\u0080"),
        latin1("\u00c1\u00bf"),
        latin1("\u00e0\u009f\u00bf"),
        latin1("\u00ed\u00a0\u0080"),
        latin1("\u00ed\u00bf\u00bf"),
        latin1("\u00f0\u008f\u00bf\u00bf"),
        latin1("\u00f4\u0090\u0080\u0080"),
        latin1("\u00f5\u0080\u0080\u0080"),
        latin1("\u00e5\u00b8"),
        latin1("\u00ef\u00bb\u00bf"),
        latin1("\u00ff")
    };

    private final Random random;

    Damage(Random random) {
        this.random = random;
    }

    byte[] damaged(byte[] whole) {
        int at = random.nextInt(whole.length);
        return switch (random.nextInt(7)) {
            case 0 -> Arrays.copyOf(whole, at);
            case 1 -> spliced(whole, at, at + 1, new byte[0]);
            case 2 -> spliced(whole, at, at + 1, piece());
            case 3 -> spliced(whole, at, at, piece());
            case 4 -> spliced(whole, whole.length, whole.length, piece());
            case 5 -> numberSpoiled(whole, at);
            default -> stringSpoiled(whole, at);
        };
    }

    private byte[] piece() {
        return PIECES[random.nextInt(PIECES.length)];
    }

    private byte[] numberSpoiled(byte[] whole, int from) {
        byte[][] spoilers = {latin1("0"), latin1("+"), latin1("."), latin1("-"), latin1("Infinity"), latin1("0x")};
        int colon = next(whole, from, ':');
        return spliced(whole, colon, colon, spoilers[random.nextInt(spoilers.length)]);
    }

    private byte[] stringSpoiled(byte[] whole, int from) {
        int quote = next(whole, from, '"');
        return spliced(whole, quote, quote, piece());
    }

    /** The place behind the next {@code sought}, or behind all if there is none. */
    private static int next(byte[] whole, int from, char sought) {
        int i = from;
        while (i < whole.length && whole[i] != sought) {
            i++;
        }
        return Math.min(i + 1, whole.length);
    }

    private static byte[] spliced(byte[] whole, int from, int to, byte[] piece) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(whole, 0, from);
        out.writeBytes(piece);
        out.write(whole, to, whole.length - to);
        return out.toByteArray();
    }

    private static byte[] latin1(String bytes) {
        return bytes.getBytes(StandardCharsets.ISO_8859_1);
    }
}
