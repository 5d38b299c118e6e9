package io.tapestream.feed;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.random.RandomGenerator;

/**
 * Writes frames that a client sends: whole, and masked with a fresh random key each (RFC 6455 5.3).
 *
 * <pre>
 * 0        1        2 (or 4)        6 (or 8)
 * +--------+--------+--------------+----------------+
 * |F000oooo|1llllllN| masking key  | masked payload |
 * +--------+--------+--------------+----------------+
 * F final, o opcode, l length; 126 in l means that two bytes of length follow it
 * </pre>
 */
final class ClientFrames {
    private static final int FINAL = 0x80;
    private static final int MASKED = 0x80;
    private static final int LONGEST_SHORT = 125;
    private static final int MAX_CLOSE_REASON = LONGEST_SHORT - Short.BYTES;

    private final ByteBufAllocator allocator;
    private final RandomGenerator random;

    ClientFrames(ByteBufAllocator allocator, RandomGenerator random) {
        this.allocator = allocator;
        this.random = random;
    }

    ByteBuf text(byte[] utf8) {
        return frame(FrameDecoder.TEXT, Unpooled.wrappedBuffer(utf8));
    }

    ByteBuf pong(ByteBuf payload) {
        return frame(FrameDecoder.PONG, payload);
    }

    ByteBuf close(int code, String reason) {
        if (code == CloseCode.NO_CODE) {
            return frame(FrameDecoder.CLOSE, Unpooled.EMPTY_BUFFER);
        }
        byte[] text = cut(reason.getBytes(StandardCharsets.UTF_8));
        return frame(
                FrameDecoder.CLOSE,
                Unpooled.buffer(Short.BYTES + text.length).writeShort(code).writeBytes(text));
    }

    /** At most what a control frame holds, and no half character at the end. */
    private static byte[] cut(byte[] utf8) {
        int length = Math.min(utf8.length, MAX_CLOSE_REASON);
        while (length > 0 && length < utf8.length && (utf8[length] & 0xc0) == 0x80) {
            length--;
        }
        return Arrays.copyOf(utf8, length);
    }

    private ByteBuf frame(int opcode, ByteBuf payload) {
        int length = payload.readableBytes();
        if (length > 0xffff) {
            throw new IllegalArgumentException(
                    "frame too long to send: length=" + length + " (expected: at most 65535)");
        }
        ByteBuf frame = allocator.buffer(8 + length).writeByte(FINAL | opcode);
        if (length <= LONGEST_SHORT) {
            frame.writeByte(MASKED | length);
        } else {
            frame.writeByte(MASKED | 126).writeShort(length);
        }
        int mask = random.nextInt();
        frame.writeInt(mask);
        for (int i = 0; i < length; i++) {
            frame.writeByte(payload.getByte(payload.readerIndex() + i) ^ (mask >>> (24 - 8 * (i & 3))));
        }
        return frame;
    }
}
