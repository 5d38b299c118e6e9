package io.tapestream.feed;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.tapestream.frame.FrameHandler;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What is said over an open socket: subscribes, answers pings, hands messages on, judges the venue's close. Confined to
 * the event loop.
 */
final class Session implements FrameHandler, FrameDecoder.Control {
    private static final Logger LOG = LoggerFactory.getLogger(Session.class);
    private static final JsonMapper JSON = new JsonMapper();

    private final Wiring wiring;
    private final Channel channel;
    private final Connection connection;
    private final ClientFrames frames;
    private final ErrorMessages errors;
    private final FrameDecoder decoder;
    private final SilenceWatch silence;

    Session(Wiring wiring, Channel channel, Connection connection) {
        this.wiring = wiring;
        this.channel = channel;
        this.connection = connection;
        this.frames = new ClientFrames(channel.alloc(), wiring.surroundings().random());
        this.errors = new ErrorMessages(wiring.key(), wiring.metrics().errors);
        this.decoder = new FrameDecoder(
                this,
                this,
                wiring.settings().maxMessageLength(),
                wiring.surroundings().clock());
        this.silence = new SilenceWatch(wiring.settings().silenceTimeout().toNanos(), this::onSilence);
    }

    /** Takes the place of the handshake. */
    void addHandlers(ChannelHandlerContext handshake) {
        handshake
                .pipeline()
                .addAfter(handshake.name(), null, decoder)
                .addAfter(handshake.name(), null, silence)
                .remove(handshake.handler());
    }

    void open() {
        var sessions = wiring.handlers().sessions();
        var clock = wiring.surroundings().clock();
        sessions.onSessionOpened(clock.millis());
        for (String symbol : wiring.settings().symbols()) {
            send(frames.text(subscription(symbol)));
            sessions.onSubscription(symbol, true, clock.millis());
        }
        channel.flush();
    }

    private void send(ByteBuf frame) {
        channel.write(frame).addListener(ChannelFutureListener.FIRE_EXCEPTION_ON_FAILURE);
    }

    /** The message that subscribes a symbol. */
    static byte[] subscription(String symbol) {
        if (!StandardCharsets.UTF_8.newEncoder().canEncode(symbol)) {
            throw new IllegalArgumentException(
                    "symbol is not text: symbol=" + symbol + " (expected: no lone surrogate)");
        }
        Map<String, String> message = new LinkedHashMap<>();
        message.put("type", "subscribe");
        message.put("symbol", symbol);
        try {
            return JSON.writeValueAsBytes(message);
        } catch (JacksonException e) {
            throw new IllegalArgumentException("symbol cannot be written as JSON: symbol=" + symbol, e);
        }
    }

    @Override
    public boolean onFrame(ByteBuffer payload, long receivedAtMillis) {
        wiring.metrics().frame(payload.remaining(), receivedAtMillis);
        errors.look(payload);
        boolean goOn = handOn(payload, receivedAtMillis);
        if (!goOn) {
            wiring.metrics().pauses.inc();
            silence.suspend();
        }
        return goOn;
    }

    private boolean handOn(ByteBuffer payload, long receivedAtMillis) {
        try {
            return wiring.handlers().frames().onFrame(payload, receivedAtMillis);
        } catch (RuntimeException e) {
            connection.failHandler(e);
            throw e; // so that the decoder stops
        }
    }

    void resume() {
        decoder.resume();
        if (!decoder.isPaused()) {
            silence.resume();
        }
    }

    @Override
    public void onControl(int opcode, ByteBuf payload) {
        if (opcode == FrameDecoder.PING) {
            pong(payload);
        } else if (opcode == FrameDecoder.CLOSE) {
            onClose(payload);
        }
    }

    /** Answers at once; a venue that does not read has no use for more pongs, and they must not pile up. */
    private void pong(ByteBuf payload) {
        if (channel.isWritable()) {
            send(frames.pong(payload));
            channel.flush();
        } else {
            wiring.metrics().skippedPongs.inc();
        }
    }

    private void onClose(ByteBuf payload) {
        int length = payload.readableBytes();
        int code = length < Short.BYTES ? CloseCode.NO_CODE : payload.getUnsignedShort(payload.readerIndex());
        if (length == 1 || (length > 1 && !CloseCode.mayBeSent(code))) {
            onViolation(CloseCode.PROTOCOL_ERROR, "close frame without a valid code: length=" + length);
            return;
        }
        ByteBuf text = length == 0 ? payload : payload.skipBytes(Short.BYTES);
        if (!Utf8.isValid(text.nioBuffer())) {
            onViolation(CloseCode.INVALID_TEXT, "reason of the close frame is not UTF-8");
            return;
        }
        String reason = ErrorMessages.printable(wiring.key().redact(text.toString(StandardCharsets.UTF_8)));
        String because = errors.last() == null ? "" : " after error: " + errors.last();
        connection.onCloseFrame(
                ConnectionEnd.of(ConnectionEnd.Kind.CLOSED, code, ("closed " + code + " " + reason).strip() + because),
                code);
    }

    @Override
    public void onViolation(int closeCode, String what) {
        (closeCode == CloseCode.TOO_LONG ? wiring.metrics().tooLongMessages : wiring.metrics().protocolErrors).inc();
        connection.endWith(
                ConnectionEnd.of(ConnectionEnd.Kind.BROKEN, closeCode, "ended by us " + closeCode + " " + what),
                frames.close(closeCode, what));
    }

    private void onSilence() {
        wiring.metrics().silences.inc();
        connection.fail(ConnectionEnd.of(ConnectionEnd.Kind.SILENT, "silent"));
    }

    /** Whether a handler has asked for a pause, and nothing may be told to it. */
    boolean isPaused() {
        return decoder.isPaused();
    }

    void discard() {
        boolean wasHolding = decoder.isHolding();
        int discarded = decoder.discard();
        if (wasHolding) {
            wiring.metrics().discardedBytes.inc(discarded);
            LOG.warn("received bytes were not handed on because the feed was closed meanwhile length={}", discarded);
        }
    }

    ClientFrames frames() {
        return frames;
    }
}
