package io.tapestream.replay;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketClientHandshakeException;
import io.netty.handler.codec.http.websocketx.WebSocketClientProtocolConfig;
import io.netty.handler.codec.http.websocketx.WebSocketClientProtocolHandler;
import io.netty.handler.codec.http.websocketx.WebSocketClientProtocolHandler.ClientHandshakeStateEvent;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketVersion;
import io.netty.handler.ssl.SslContext;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A WebSocket client that keeps the bytes of every text frame, whatever they are, and how the connection ended. */
final class MarketClient implements AutoCloseable {
    private final MultiThreadIoEventLoopGroup group = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    private final List<byte[]> frames = new ArrayList<>();
    private final CompletableFuture<Integer> handshake = new CompletableFuture<>();
    private final CompletableFuture<Integer> closed = new CompletableFuture<>();
    private volatile int closeCode;
    private final Channel channel;

    private MarketClient(URI uri, @Nullable SslContext tls) {
        WebSocketClientProtocolConfig protocol = WebSocketClientProtocolConfig.newBuilder()
                .webSocketUri(uri)
                .version(WebSocketVersion.V13)
                .customHeaders(new DefaultHttpHeaders())
                .maxFramePayloadLength(16 << 20)
                .withUTF8Validator(false)
                .handleCloseFrames(false)
                .build();
        channel = new Bootstrap()
                .group(group)
                .channel(NioSocketChannel.class)
                .handler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel made) {
                        if (tls != null) {
                            made.pipeline().addLast(tls.newHandler(made.alloc(), uri.getHost(), uri.getPort()));
                        }
                        made.pipeline()
                                .addLast(new HttpClientCodec())
                                .addLast(new HttpObjectAggregator(1 << 16))
                                .addLast(new WebSocketClientProtocolHandler(protocol))
                                .addLast(new Receiver());
                    }
                })
                .connect(uri.getHost(), uri.getPort())
                .syncUninterruptibly()
                .channel();
        channel.closeFuture().addListener(done -> {
            handshake.complete(0);
            closed.complete(closeCode);
        });
    }

    /** Connects with a key; the handshake may fail. */
    static MarketClient connect(URI market, String key) {
        return new MarketClient(market.resolve("/?token=" + key), null);
    }

    /** Connects to any address, with TLS if that is given. */
    static MarketClient connect(URI address, @Nullable SslContext tls) {
        return new MarketClient(address, tls);
    }

    /** The HTTP status of the handshake, 101 when it succeeded, 0 when the connection was closed instead. */
    int status() {
        return handshake.orTimeout(20, TimeUnit.SECONDS).join();
    }

    /** Subscribes all in one write, so that the market sees them together. */
    MarketClient subscribe(String... symbols) {
        status();
        for (String symbol : symbols) {
            channel.write(new TextWebSocketFrame("{\"type\":\"subscribe\",\"symbol\":\"" + symbol + "\"}"));
        }
        channel.flush();
        return this;
    }

    MarketClient unsubscribe(String symbol) {
        return say("{\"type\":\"unsubscribe\",\"symbol\":\"" + symbol + "\"}");
    }

    MarketClient say(String text) {
        status();
        channel.writeAndFlush(new TextWebSocketFrame(text)).awaitUninterruptibly();
        return this;
    }

    MarketClient sayFrame(WebSocketFrame frame) {
        status();
        channel.writeAndFlush(frame).awaitUninterruptibly();
        return this;
    }

    /** Reads on, or lets everything lie. */
    void reads(boolean reads) {
        channel.config().setAutoRead(reads);
    }

    List<byte[]> frames() {
        synchronized (frames) {
            return List.copyOf(frames);
        }
    }

    List<String> texts() {
        return frames().stream()
                .map(frame -> new String(frame, StandardCharsets.UTF_8))
                .toList();
    }

    /** The code of the close frame when the connection has ended, 0 if there was none. */
    int closeCode() {
        return closed.orTimeout(20, TimeUnit.SECONDS).join();
    }

    boolean isOpen() {
        return channel.isActive();
    }

    @Override
    public void close() {
        channel.close().awaitUninterruptibly();
        group.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
    }

    private final class Receiver extends SimpleChannelInboundHandler<WebSocketFrame> {
        @Override
        public void userEventTriggered(ChannelHandlerContext context, Object event) {
            if (event == ClientHandshakeStateEvent.HANDSHAKE_COMPLETE) {
                handshake.complete(101);
            }
        }

        @Override
        protected void channelRead0(ChannelHandlerContext context, WebSocketFrame frame) {
            if (frame instanceof CloseWebSocketFrame close) {
                closeCode = close.statusCode();
                context.writeAndFlush(close.retain());
            } else {
                synchronized (frames) {
                    frames.add(ByteBufUtil.getBytes(frame.content()));
                }
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            if (cause instanceof WebSocketClientHandshakeException refused) {
                handshake.complete(refused.response().status().code());
            }
            context.close();
        }
    }
}
