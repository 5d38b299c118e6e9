package io.tapestream.replay;

import com.codahale.metrics.MetricRegistry;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.timeout.ReadTimeoutHandler;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.InstantSource;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves captures as a Finnhub-like market over WebSocket.
 *
 * <p>Everything happens on one event loop: sockets, reading the captures, writing the log. That suits a tool for a
 * laptop, and makes the order of things plain. The captures begin to play after the first subscription and play on
 * whatever the connections do: a client that is away misses what went out meanwhile. The slowest client sets the pace:
 * playing waits until it has read.
 */
public final class MarketServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(MarketServer.class);
    private static final int MAX_REQUEST_LENGTH = 16 << 10;
    private static final int REQUEST_SECONDS = 10;
    private static final int LOG_FLUSH_MILLIS = 100;
    private static final int CLOSE_SECONDS = 5;

    private final MarketSettings settings;
    private final Captures captures;
    private final InstantSource clock;
    private final MarketCounts counts;
    private final MarketLog log;
    private final Connections connections;
    private final MultiThreadIoEventLoopGroup group;
    private final EventLoop loop;
    private final ChannelGroup sockets;
    private final CompletableFuture<Void> ended = new CompletableFuture<>();
    private @Nullable Channel listener;
    private @Nullable Playback playback;
    private boolean isStopped;
    private final AtomicBoolean isClosed = new AtomicBoolean();

    /**
     * Checks the captures' existence and creates the log; {@link #start()} listens.
     *
     * @throws IllegalArgumentException a capture does not exist
     * @throws UncheckedIOException the log cannot be written; names the file
     */
    public MarketServer(MarketSettings settings, InstantSource clock, ThreadFactory threads, MetricRegistry metrics) {
        this.settings = settings;
        this.clock = clock;
        captures = Captures.of(settings.captures());
        counts = new MarketCounts(metrics);
        log = MarketLog.create(settings.log());
        connections = new Connections(counts, log, clock, this::onReady);
        group = new MultiThreadIoEventLoopGroup(1, threads, NioIoHandler.newFactory());
        loop = group.next();
        sockets = new DefaultChannelGroup(loop);
    }

    /**
     * Listens.
     *
     * @return the address that clients connect to, without the key
     * @throws UncheckedIOException the port is taken, or certificate or key cannot be read
     */
    public URI start() {
        SslContext tls = tls();
        ChannelFuture bound = new ServerBootstrap()
                .group(group)
                .channel(NioServerSocketChannel.class)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        accept(channel, tls);
                    }
                })
                .bind(settings.host(), settings.port())
                .awaitUninterruptibly();
        if (!bound.isSuccess()) {
            throw new UncheckedIOException(new IOException(
                    "cannot listen: host=" + settings.host() + " port=" + settings.port() + " (must be free)",
                    bound.cause()));
        }
        listener = bound.channel();
        loop.scheduleAtFixedRate(this::flushLog, LOG_FLUSH_MILLIS, LOG_FLUSH_MILLIS, TimeUnit.MILLISECONDS);
        URI uri = URI.create((tls == null ? "ws" : "wss") + "://" + settings.host() + ":" + port() + "/");
        LOG.info("market open uri={} captures={}", uri, captures.count());
        return uri;
    }

    private @Nullable SslContext tls() {
        if (settings.certificate() == null || settings.privateKey() == null) {
            return null;
        }
        try {
            return SslContextBuilder.forServer(
                            settings.certificate().toFile(),
                            settings.privateKey().toFile())
                    .build();
        } catch (IOException | IllegalArgumentException e) {
            throw new UncheckedIOException(new IOException(
                    "cannot use certificate: file=" + settings.certificate() + " key=" + settings.privateKey()
                            + " (must be PEM, the key PKCS#8 and not encrypted)",
                    e));
        }
    }

    private void accept(Channel channel, @Nullable SslContext tls) {
        sockets.add(channel);
        if (tls != null) {
            channel.pipeline().addLast(tls.newHandler(channel.alloc()));
        }
        channel.pipeline()
                .addLast(new ReadTimeoutHandler(REQUEST_SECONDS))
                .addLast(new HttpServerCodec())
                .addLast(new HttpObjectAggregator(MAX_REQUEST_LENGTH))
                .addLast(new Admission(settings, connections, counts));
    }

    private void onReady() {
        if (isStopped) {
            return;
        }
        if (playback != null) {
            playback.resume();
        } else if (!connections.isEmpty()) {
            Tape tape = new Tape(captures, settings.loop(), settings.now() ? clock.millis() : -1);
            playback = new Playback(tape, settings.speed(), connections, this::after, loop.ticker()::nanoTime, ended);
            playback.startAfter(settings.startDelay().toNanos());
        }
    }

    private void after(long nanos, Runnable step) {
        loop.schedule(step, nanos, TimeUnit.NANOSECONDS);
    }

    private void flushLog() {
        try {
            log.flush();
        } catch (UncheckedIOException e) {
            ended.completeExceptionally(e);
        }
    }

    private void finishLog() {
        try {
            log.close();
        } catch (UncheckedIOException e) {
            LOG.error("market log not whole", e);
            ended.completeExceptionally(e);
        }
    }

    /** The port it listens on. */
    public int port() {
        if (listener == null) {
            throw new IllegalStateException("market not started (call start first)");
        }
        return ((InetSocketAddress) listener.localAddress()).getPort();
    }

    /**
     * Completes when the captures have been played to their end, which looped ones have not; exceptionally when one
     * cannot be read ({@link CaptureException}) or the log cannot be written. Connections stay open either way.
     */
    public CompletableFuture<Void> ended() {
        return ended;
    }

    /** What was sent, missed and refused so far. */
    public MarketCounts counts() {
        return counts;
    }

    /**
     * Stops playing, closes every connection with 1001 after what was sent on it, and finishes the log. A client that
     * does not answer the close within 5 s is cut off. Any thread but the event loop.
     */
    @Override
    public void close() {
        if (!isClosed.compareAndSet(false, true)) {
            return;
        }
        loop.submit(this::stopPlaying).awaitUninterruptibly();
        if (listener != null) {
            listener.close().awaitUninterruptibly();
        }
        sockets.newCloseFuture().awaitUninterruptibly(CLOSE_SECONDS, TimeUnit.SECONDS);
        sockets.close().awaitUninterruptibly();
        loop.submit(this::finishLog).awaitUninterruptibly();
        group.shutdownGracefully(0, CLOSE_SECONDS, TimeUnit.SECONDS).awaitUninterruptibly();
    }

    private void stopPlaying() {
        isStopped = true;
        if (playback != null) {
            playback.stop();
        }
        connections.goAway();
    }
}
