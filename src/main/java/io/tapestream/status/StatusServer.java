package io.tapestream.status;

import com.codahale.metrics.MetricRegistry;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.timeout.ReadTimeoutHandler;
import java.net.InetSocketAddress;
import java.nio.channels.UnresolvedAddressException;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * Serves {@code /health} (JSON, 200 or 503), {@code /metrics} (Prometheus text) and {@code /} (a page that refreshes
 * itself) over HTTP.
 *
 * <p>Answers only GET and HEAD, changes nothing, and runs on one thread of its own, so that a slow reader costs the
 * pipeline nothing.
 */
public final class StatusServer implements AutoCloseable {
    private static final int LONGEST_REQUEST = 8192;
    private static final int IDLE_SECONDS = 30;

    private final EventLoopGroup loop;
    private final Channel channel;

    private StatusServer(EventLoopGroup loop, Channel channel) {
        this.loop = loop;
        this.channel = channel;
    }

    /**
     * Binds and starts to serve.
     *
     * @throws PortTakenException the address cannot be bound; names host, port and remedy
     */
    public static StatusServer start(
            StatusSettings settings, MetricRegistry metrics, Supplier<Health> health, ThreadFactory threads) {
        EventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, threads, NioIoHandler.newFactory());
        ServerBootstrap bootstrap = new ServerBootstrap()
                .group(loop)
                .channel(NioServerSocketChannel.class)
                .childHandler(new ChannelInitializer<SocketChannel>() {
                    @Override
                    protected void initChannel(SocketChannel socket) {
                        socket.pipeline()
                                .addLast(new ReadTimeoutHandler(IDLE_SECONDS))
                                .addLast(new HttpServerCodec())
                                .addLast(new HttpObjectAggregator(LONGEST_REQUEST))
                                .addLast(new StatusHandler(metrics, health));
                    }
                });
        ChannelFuture bound = bootstrap.bind(settings.host(), settings.port()).awaitUninterruptibly();
        if (!bound.isSuccess()) {
            loop.shutdownGracefully(0, 1, TimeUnit.SECONDS);
            throw new PortTakenException("status server cannot be bound: host=" + settings.host() + " port="
                    + settings.port() + " cause=" + cause(bound.cause())
                    + " (stop what holds it, or set status.port; 0 takes any free one, -1 none)");
        }
        return new StatusServer(loop, bound.channel());
    }

    private static String cause(Throwable failure) {
        return failure instanceof UnresolvedAddressException
                ? "host name not found"
                : String.valueOf(failure.getMessage());
    }

    /** The port it is bound to. */
    public int port() {
        return ((InetSocketAddress) channel.localAddress()).getPort();
    }

    @Override
    public void close() {
        channel.close().awaitUninterruptibly(1, TimeUnit.SECONDS);
        loop.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly(2, TimeUnit.SECONDS);
    }
}
