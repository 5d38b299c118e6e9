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
    private static final int END_OF_HEAD = 0x0d0a0d0a;

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
        in.skipBytes(Integer.BYTES);
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
                    "handshake refused: " + problem + remedy(answer.status()),
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

    private static String remedy(int status) {
        if (status == 401 || status == 403) {
            return " (check the api key)";
        }
        if (status >= 300 && status < 400) {
            return " (check feed.uri; a redirect is not followed, since the key would go with it)";
        }
        return status >= 500 || status == CloseCode.HTTP_TOO_MANY_REQUESTS ? "" : " (check feed.uri)";
    }

    private static ConnectionEnd refusal(int status, String what) {
        return ConnectionEnd.of(ConnectionEnd.Kind.REFUSED, status, "handshake refused: " + what + remedy(status));
    }

    private static int headLength(ByteBuf in) {
        int end = in.writerIndex() - Integer.BYTES;
        for (int at = in.readerIndex(); at <= end; at++) {
            if (in.getInt(at) == END_OF_HEAD) {
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
