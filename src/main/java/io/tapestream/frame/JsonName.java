package io.tapestream.frame;

/** A key, or a type, to be compared after its escapes are decoded. Long ones, which nothing is named by, are empty. */
final class JsonName {
    /** The longest of our names, {@code trade} and {@code error}, with every letter escaped. */
    private static final int MAX_LENGTH = 5 * "\\u0000".length();

    private final byte[] text = new byte[MAX_LENGTH];
    private int length;

    void read(byte[] bytes, int offset, int newLength, boolean escaped) {
        if (newLength > MAX_LENGTH) {
            length = 0;
        } else if (escaped) {
            length = JsonText.decode(bytes, offset, newLength, text);
        } else {
            System.arraycopy(bytes, offset, text, 0, newLength);
            length = newLength;
        }
    }

    boolean is(String name) {
        if (length != name.length()) {
            return false;
        }
        for (int i = 0; i < length; i++) {
            if (text[i] != name.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    /** The one letter it consists of, or 0. */
    int letter() {
        return length == 1 ? text[0] : 0;
    }
}
