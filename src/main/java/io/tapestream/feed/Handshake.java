package io.tapestream.feed;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import java.nio.charset.StandardCharsets;
import java.time.InstantSource;
import java.util.Base64;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Asks for a WebSocket over a fresh connection, once TLS (where there is any) has proved the venue's name, and judges
 * the answer. Offers no extension. Never follows a redirect: the key would travel with it.
 */
final class Handshake extends ChannelInboundHandlerAdapter {
    private static final int MAX_HEAD_LENGTH = 16 * 1024;
    private static final byte[] END_OF_HEAD = {'\r', '\n', '\r', '\n'};

    /** Takes the result of a handshake; exactly one call. */
    interface Outcome {
        /** The venue agreed; the handshake has still to be replaced by what takes frames. */
        void onAgreed(ChannelHandlerContext handshake);

        /** It did not. */
        void onRefused(ConnectionEnd end);
    }

    private final Endpoint endpoint;
    private final ApiKey key;
    private final InstantSource clock;
    private final Outcome outcome;
    private final String requestKey;
    private @Nullable ByteBuf received;
    private boolean isDone;

    Handshake(Endpoint endpoint, ApiKey key, Surroundings surroundings, Outcome outcome) {
        this.endpoint = endpoint;
        this.key = key;
        this.clock = surroundings.clock();
        this.outcome = outcome;
        this.requestKey = requestKey(surroundings.random());
    }

    private static String requestKey(RandomGenerator random) {
        byte[] nonce = new byte[16];
        random.nextBytes(nonce);
        return Base64.getEncoder().encodeToString(nonce);
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        if (!endpoint.isTls()) {
            sendRequest(ctx);
        }
        ctx.fireChannelActive();
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event instanceof SslHandshakeCompletionEvent tls) {
            if (tls.isSuccess()) {
                sendRequest(ctx);
            } else {
                refuse(Failures.tls(tls.cause()));
            }
        }
        ctx.fireUserEventTriggered(event);
    }

    private void sendRequest(ChannelHandlerContext ctx) {
        String request = "GET " + endpoint.requestTarget(key) + " HTTP/1.1\r\n"
                + "Host: " + endpoint.hostHeader() + "\r\n"
                + "Upgrade: websocket\r\n"
                + "Connection: Upgrade\r\n"
                + "Sec-WebSocket-Key: " + requestKey + "\r\n"
                + "Sec-WebSocket-Version: 13\r\n"
                + "User-Agent: tapestream\r\n\r\n";
        ctx.writeAndFlush(ByteBufUtil.writeAscii(ctx.alloc(), request))
                .addListener(ChannelFutureListener.FIRE_EXCEPTION_ON_FAILURE);
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        ByteBuf read = (ByteBuf) message;
        if (isDone) {
            read.release();
            return;
        }
        if (received == null) {
            received = ctx.alloc().buffer(read.readableBytes());
        }
        received.writeBytes(read);
        read.release();
        readHead(ctx, received);
    }

    private void readHead(ChannelHandlerContext ctx, ByteBuf in) {
        int length = headLength(in);
        if (length < 0) {
            if (in.readableBytes() > MAX_HEAD_LENGTH) {
                refuse(refusal(0, "answer has no end within " + MAX_HEAD_LENGTH + " bytes"));
            }
            return;
        }
        String head = in.readCharSequence(length, StandardCharsets.ISO_8859_1).toString();
        in.skipBytes(END_OF_HEAD.length);
        HandshakeAnswer answer = HandshakeAnswer.parse(head);
        if (answer != null && answer.status() < 200 && answer.status() != CloseCode.HTTP_SWITCHING_PROTOCOLS) {
            readHead(ctx, in); // an interim answer (RFC 9110 15.2): the final one follows
            return;
        }
        judge(ctx, answer);
    }

    private void judge(ChannelHandlerContext ctx, @Nullable HandshakeAnswer answer) {
        if (answer == null) {
            refuse(refusal(0, "answer is not HTTP/1"));
            return;
        }
        String problem = answer.problem(requestKey);
        if (problem != null) {
            refuse(new ConnectionEnd(
                    ConnectionEnd.Kind.REFUSED,
                    answer.status(),
                    "handshake refused: " + problem,
                    answer.retryAfter(clock)));
            return;
        }
        isDone = true;
        ByteBuf rest = received;
        received = null;
        outcome.onAgreed(ctx);
        if (rest != null && rest.isReadable()) {
            ctx.fireChannelRead(rest);
        } else if (rest != null) {
            rest.release();
        }
    }

    private void refuse(ConnectionEnd end) {
        isDone = true;
        outcome.onRefused(end);
    }

    private static ConnectionEnd refusal(int status, String what) {
        return ConnectionEnd.of(ConnectionEnd.Kind.REFUSED, status, "handshake refused: " + what);
    }

    private static int headLength(ByteBuf in) {
        int end = in.writerIndex() - END_OF_HEAD.length;
        for (int at = in.readerIndex(); at <= end; at++) {
            if (in.getInt(at) == 0x0d0a0d0a) {
                return at - in.readerIndex();
            }
        }
        return -1;
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        if (received != null) {
            received.release();
            received = null;
        }
    }
}
