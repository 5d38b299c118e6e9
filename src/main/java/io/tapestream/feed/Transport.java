package io.tapestream.feed;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * Makes sockets to a venue on one event loop, with TLS where the endpoint asks for it. Not final, so that a test can
 * write to what it connects.
 */
class Transport {
    private static final int CLOSE_NOTIFY_TIMEOUT_MILLIS = 500;
    private static final int STOP_TIMEOUT_SECONDS = 5;

    private final Endpoint endpoint;
    private final @Nullable SslContext tls;
    private final EventLoopGroup group;
    private final EventLoop loop;

    Transport(Endpoint endpoint, @Nullable SslContext tls, ThreadFactory threads) {
        this.endpoint = endpoint;
        this.tls = tls;
        this.group = new MultiThreadIoEventLoopGroup(
                1, threads, Epoll.isAvailable() ? EpollIoHandler.newFactory() : NioIoHandler.newFactory());
        this.loop = group.next();
    }

    /** What checks the endpoint's certificate; null where there is no TLS. */
    static @Nullable SslContext tls(Endpoint endpoint, @Nullable Path caFile) {
        if (!endpoint.isTls()) {
            return null;
        }
        try {
            return SslContextBuilder.forClient()
                    .sslProvider(SslProvider.JDK)
                    .trustManager(caFile == null ? null : caFile.toFile())
                    .endpointIdentificationAlgorithm("HTTPS")
                    .build();
        } catch (SSLException | IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "certificate authorities cannot be read: feed.ca-file=" + caFile + " (expected: a PEM file)", e);
        }
    }

    EventLoop loop() {
        return loop;
    }

    /**
     * Connects; the handlers are told when the socket is open, and when TLS has proved the venue's name.
     *
     * @param guard comes before all others, TLS among them
     */
    ChannelFuture connect(InetAddress address, int timeoutMillis, ChannelHandler guard, ChannelHandler... handlers) {
        return new Bootstrap()
                .group(loop)
                .channel(Epoll.isAvailable() ? EpollSocketChannel.class : NioSocketChannel.class)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, timeoutMillis)
                .option(ChannelOption.SO_KEEPALIVE, true)
                .option(ChannelOption.TCP_NODELAY, true)
                .handler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline().addLast(guard);
                        if (tls != null) {
                            SslHandler handshake = tls.newHandler(channel.alloc(), endpoint.host(), endpoint.port());
                            handshake.setHandshakeTimeoutMillis(timeoutMillis);
                            handshake.setCloseNotifyFlushTimeoutMillis(CLOSE_NOTIFY_TIMEOUT_MILLIS);
                            channel.pipeline().addLast(handshake);
                        }
                        channel.pipeline().addLast(handlers);
                    }
                })
                .connect(new InetSocketAddress(address, endpoint.port()));
    }

    /** Ends the event loop and whatever is open on it; false if a handler keeps it. */
    boolean stop() {
        return group.shutdownGracefully(0, STOP_TIMEOUT_SECONDS, TimeUnit.SECONDS)
                .awaitUninterruptibly(2 * STOP_TIMEOUT_SECONDS, TimeUnit.SECONDS);
    }
}
