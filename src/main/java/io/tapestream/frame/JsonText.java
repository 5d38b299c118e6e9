package io.tapestream.frame;

import java.nio.ByteBuffer;

/** Decodes the escapes of a JSON string (RFC 8259, section 7) in place of reading it as text. */
public final class JsonText {
    private JsonText() {}

    /**
     * Writes the decoded UTF-8 of a string that a {@link FrameWalker} has found valid.
     *
     * @param target takes the bytes from index 0; at least {@code length} long, since decoding never lengthens
     * @return how many bytes were written
     */
    public static int decode(ByteBuffer buffer, int offset, int length, byte[] target) {
        throw new UnsupportedOperationException("decode");
    }
}
