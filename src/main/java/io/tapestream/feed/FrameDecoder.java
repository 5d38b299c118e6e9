package io.tapestream.feed;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.tapestream.frame.FrameHandler;
import java.nio.ByteBuffer;
import java.time.InstantSource;
import org.jspecify.annotations.Nullable;

/**
 * Cuts the bytes of a venue into messages (RFC 6455 5) and hands each on where it lies: a message of one frame is not
 * copied, one of several is put together in one buffer.
 *
 * <pre>
 * 0        1        2        4                10
 * +--------+--------+--------+----------------+---------+
 * |FRRRoooo|Mlllllll| length | or long length | payload |
 * +--------+--------+--------+----------------+---------+
 * F final, R reserved, o opcode, M masked (never by a server), l length; 126 and 127 in l mean the longer forms
 * </pre>
 *
 * <p>Confined to the event loop. When the handler of messages answers false, it keeps what it has, stops the reading of
 * the socket, and goes on when {@link #resume()} is called; so what is kept is at most one round of reads. After a
 * violation, a close frame or an exception of a handler it takes nothing any more.
 */
final class FrameDecoder extends ChannelInboundHandlerAdapter {
    static final int CONTINUATION = 0;
    static final int TEXT = 1;
    static final int BINARY = 2;
    static final int CLOSE = 8;
    static final int PING = 9;
    static final int PONG = 10;

    private static final int CONTROL_BIT = 8;
    private static final int MAX_CONTROL_LENGTH = 125;

    /** Takes what is not a message. */
    interface Control {
        /** Takes a ping, pong or close frame; the payload is valid only during the call. */
        void onControl(int opcode, ByteBuf payload);

        /** Takes a violation of the protocol or of the limit; nothing follows it. */
        void onViolation(int closeCode, String what);
    }

    private final FrameHandler messages;
    private final Control control;
    private final int maxMessageLength;
    private final InstantSource clock;

    private @Nullable ChannelHandlerContext context;
    /** Bytes that are not a whole frame yet, or that are held while paused. */
    private @Nullable ByteBuf held;
    /** The fragments of the message that is being put together; kept for the next one. */
    private @Nullable ByteBuf fragments;

    private int fragmentsOpcode;
    private long receivedAtMillis;
    private boolean isPaused;
    private boolean isStopped;

    FrameDecoder(FrameHandler messages, Control control, int maxMessageLength, InstantSource clock) {
        this.messages = messages;
        this.control = control;
        this.maxMessageLength = maxMessageLength;
        this.clock = clock;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        context = ctx;
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        if (!isPaused) {
            discard();
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        ByteBuf read = (ByteBuf) message;
        try {
            if (!isStopped) {
                receivedAtMillis = clock.millis();
                take(ctx, read);
            }
        } finally {
            read.release();
        }
    }

    private void take(ChannelHandlerContext ctx, ByteBuf read) {
        if (held != null) {
            held.discardSomeReadBytes();
            held.writeBytes(read);
            decodeHeld();
            return;
        }
        decode(read);
        if (read.isReadable() && !isStopped) {
            held = ctx.alloc().buffer(read.readableBytes()).writeBytes(read);
        }
    }

    /** Goes on after a pause. */
    void resume() {
        if (!isPaused) {
            return;
        }
        isPaused = false;
        decodeHeld();
        if (!isPaused && context != null && context.channel().isActive()) {
            context.channel().config().setAutoRead(true);
        }
    }

    /** Whether messages are held that have not been handed on. */
    boolean isHolding() {
        return isPaused && held != null;
    }

    boolean isPaused() {
        return isPaused;
    }

    /** Gives up what is held and takes nothing any more; returns how many bytes were given up. */
    int discard() {
        isStopped = true;
        isPaused = false;
        int discarded = held == null ? 0 : held.readableBytes();
        if (held != null) {
            held.release();
            held = null;
        }
        if (fragments != null) {
            fragments.release();
            fragments = null;
        }
        return discarded;
    }

    private void decodeHeld() {
        if (held == null) {
            return;
        }
        decode(held);
        if (held != null && !held.isReadable()) {
            held.release();
            held = null;
        }
    }

    private void decode(ByteBuf in) {
        boolean isDone = false;
        try {
            while (!isStopped && !isPaused && decodeFrame(in)) {
                // each round hands on one frame
            }
            isDone = true;
        } finally {
            isStopped |= !isDone;
        }
    }

    /** Hands on the frame at the reader's place; false if it is not whole yet, or was the last. */
    private boolean decodeFrame(ByteBuf in) {
        int available = in.readableBytes();
        int at = in.readerIndex();
        if (available < 2) {
            return false;
        }
        int first = in.getUnsignedByte(at);
        int second = in.getUnsignedByte(at + 1);
        int headerLength = headerLength(second);
        if (available < headerLength) {
            return false;
        }
        long length = payloadLength(in, at, headerLength, second);
        if (breaksARule(first, second, headerLength, length) || isTooLong(first, length)) {
            return false;
        }
        if (available - headerLength < length) {
            return false;
        }
        in.readerIndex(at + headerLength + (int) length);
        dispatch(first, in, at + headerLength, (int) length);
        return true;
    }

    private static int headerLength(int second) {
        int length = second & 0x7f;
        return length < 126 ? 2 : length == 126 ? 4 : 10;
    }

    private static long payloadLength(ByteBuf in, int at, int headerLength, int second) {
        return switch (headerLength) {
            case 2 -> second & 0x7f;
            case 4 -> in.getUnsignedShort(at + 2);
            default -> in.getLong(at + 2);
        };
    }

    private boolean breaksARule(int first, int second, int headerLength, long length) {
        int opcode = first & 0x0f;
        boolean isFinal = (first & 0x80) != 0;
        boolean isControl = (opcode & CONTROL_BIT) != 0;
        if ((first & 0x70) != 0) {
            return violation("reserved bits set without an extension: bits=" + ((first >> 4) & 7));
        }
        if ((second & 0x80) != 0) {
            return violation("masked frame from a server");
        }
        if (isControl ? opcode > PONG : opcode > BINARY) {
            return violation("unknown opcode: opcode=" + opcode);
        }
        if (isControl && (!isFinal || length > MAX_CONTROL_LENGTH || length < 0)) {
            return violation("control frame fragmented or too long: opcode=" + opcode + " length=" + length);
        }
        if (!isControl && (opcode == CONTINUATION) != (fragmentsOpcode != CONTINUATION)) {
            return violation(opcode == CONTINUATION ? "continuation of no message" : "message begins inside another");
        }
        if (headerLength == 4 ? length < 126 : headerLength == 10 && length >>> 16 == 0) {
            return violation("length not in its shortest form: length=" + length);
        }
        return length < 0 && violation("length is negative");
    }

    private boolean violation(String what) {
        isStopped = true;
        control.onViolation(CloseCode.PROTOCOL_ERROR, what);
        return true;
    }

    /** Judges by the announced length, before anything is allocated for it. */
    private boolean isTooLong(int first, long length) {
        boolean isControl = (first & CONTROL_BIT) != 0;
        long soFar = fragments == null ? 0 : fragments.readableBytes();
        if (isControl || length <= maxMessageLength - soFar) {
            return false;
        }
        isStopped = true;
        control.onViolation(
                CloseCode.TOO_LONG,
                "message too long: length="
                        + (length > Long.MAX_VALUE - soFar ? length : soFar + length)
                        + " limit="
                        + maxMessageLength
                        + " (see feed.max-message-length)");
        return true;
    }

    private void dispatch(int first, ByteBuf in, int offset, int length) {
        boolean isFinal = (first & 0x80) != 0;
        int opcode = first & 0x0f;
        if ((opcode & CONTROL_BIT) != 0) {
            isStopped |= opcode == CLOSE;
            control.onControl(opcode, in.slice(offset, length));
        } else if (isFinal && opcode != CONTINUATION) {
            deliver(opcode, in.internalNioBuffer(offset, length));
        } else {
            addFragment(isFinal, opcode, in, offset, length);
        }
    }

    private void addFragment(boolean isFinal, int opcode, ByteBuf in, int offset, int length) {
        if (fragments == null) {
            fragments = in.alloc().buffer(length);
        }
        if (opcode != CONTINUATION) {
            fragmentsOpcode = opcode;
        }
        fragments.writeBytes(in, offset, length);
        if (isFinal) {
            int messageOpcode = fragmentsOpcode;
            ByteBuf whole = fragments;
            fragmentsOpcode = CONTINUATION;
            int wholeLength = whole.readableBytes();
            whole.clear();
            deliver(messageOpcode, whole.internalNioBuffer(0, wholeLength));
        }
    }

    private void deliver(int opcode, ByteBuffer payload) {
        if (opcode == TEXT && !Utf8.isValid(payload)) {
            isStopped = true;
            control.onViolation(CloseCode.INVALID_TEXT, "text is not UTF-8: length=" + payload.remaining());
            return;
        }
        if (!messages.onFrame(payload, receivedAtMillis)) {
            isPaused = true;
            if (context != null) {
                context.channel().config().setAutoRead(false);
            }
        }
    }
}
