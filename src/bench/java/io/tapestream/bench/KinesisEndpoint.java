package io.tapestream.bench;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpServerExpectContinueHandler;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Path;
import java.util.function.Consumer;

/**
 * A Kinesis endpoint on the loopback address, over TLS, that acknowledges what it is given: PutRecords, PutRecord,
 * ListShards and DescribeStreamSummary of one stream.
 *
 * <p>It keeps every request in a file and looks no further into it, so that it costs little beside what is measured.
 */
final class KinesisEndpoint implements AutoCloseable {
    private static final int THREADS = 2;
    private static final int MAX_REQUEST_LENGTH = 16 << 20;

    /**
     * What its connections share.
     *
     * @param stream name of the stream
     * @param onLogFailure takes why the log cannot be written
     */
    record Shared(
            String stream,
            Shards shards,
            Answers answers,
            EndpointCounts counts,
            ReceivedLog log,
            Consumer<IOException> onLogFailure) {}

    private final Shared shared;
    private final MultiThreadIoEventLoopGroup group;
    private final Channel listener;

    private KinesisEndpoint(Shared shared, MultiThreadIoEventLoopGroup group, Channel listener) {
        this.shared = shared;
        this.group = group;
        this.listener = listener;
    }

    /**
     * Listens on any free port.
     *
     * @param certificate PEM file of the certificate, with its chain
     * @param key PEM file of its key, PKCS#8
     */
    static KinesisEndpoint start(Shared shared, Path certificate, Path key) throws IOException {
        SslContext tls =
                SslContextBuilder.forServer(certificate.toFile(), key.toFile()).build();
        boolean isEpoll = Epoll.isAvailable();
        MultiThreadIoEventLoopGroup group = new MultiThreadIoEventLoopGroup(
                THREADS, isEpoll ? EpollIoHandler.newFactory() : NioIoHandler.newFactory());
        Channel listener = new ServerBootstrap()
                .group(group)
                .channel(isEpoll ? EpollServerSocketChannel.class : NioServerSocketChannel.class)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline()
                                .addLast(new WireCounter(shared.counts()))
                                .addLast(tls.newHandler(channel.alloc()))
                                .addLast(new HttpServerCodec())
                                .addLast(new HttpServerExpectContinueHandler())
                                .addLast(new HttpObjectAggregator(MAX_REQUEST_LENGTH))
                                .addLast(new EndpointHandler(shared));
                    }
                })
                .bind("127.0.0.1", 0)
                .syncUninterruptibly()
                .channel();
        return new KinesisEndpoint(shared, group, listener);
    }

    private static final class WireCounter extends ChannelInboundHandlerAdapter {
        private final EndpointCounts counts;

        WireCounter(EndpointCounts counts) {
            this.counts = counts;
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) throws Exception {
            if (message instanceof ByteBuf read) {
                counts.wire(read.readableBytes());
            }
            super.channelRead(context, message);
        }
    }

    /** Its address. */
    URI uri() {
        return URI.create("https://127.0.0.1:" + ((InetSocketAddress) listener.localAddress()).getPort());
    }

    /** What it has counted so far. */
    EndpointCounts counts() {
        return shared.counts();
    }

    /** Stops listening, ends every connection, and finishes the log. */
    @Override
    public void close() throws IOException {
        listener.close().syncUninterruptibly();
        group.shutdownGracefully(0, 5, java.util.concurrent.TimeUnit.SECONDS).syncUninterruptibly();
        shared.log().close();
    }
}
