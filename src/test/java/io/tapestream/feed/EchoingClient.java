package io.tapestream.feed;

import static java.util.Objects.requireNonNull;

import com.codahale.metrics.MetricRegistry;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.tapestream.frame.FrameHandler;
import io.tapestream.frame.SessionHandler;
import java.net.InetAddress;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The feed's connection as it is, with a handler that sends each message back, which no feed does and every judge of
 * WebSocket clients wants. One connection at a time.
 */
final class EchoingClient implements AutoCloseable {
    private static final int MAX_MESSAGE_LENGTH = 64 << 20;
    private static final long PATIENCE_SECONDS = 120;
    private static final int MASKED = 0x80;

    private final String address;
    private final Surroundings surroundings = new Surroundings(
            InstantSource.system(),
            task -> new Thread(task, "echoing-client"),
            new SplittableRandom(1),
            host -> List.of(InetAddress.getAllByName(host)));
    private final Transport transport;
    private volatile @Nullable Channel channel;

    EchoingClient(String address) {
        this.address = address;
        this.transport = new Transport(Endpoint.of(URI.create(address)), null, surroundings.threads()) {
            @Override
            ChannelFuture connect(
                    InetAddress venue, int timeoutMillis, ChannelHandler guard, ChannelHandler... handlers) {
                ChannelFuture connecting = super.connect(venue, timeoutMillis, guard, handlers);
                channel = connecting.channel();
                return connecting;
            }
        };
    }

    /** Takes the one message that is sent at this path. */
    String ask(String path) throws InterruptedException {
        StringBuilder answer = new StringBuilder();
        connect(path, (payload, at) -> {
            answer.append(StandardCharsets.UTF_8.decode(payload));
            return true;
        });
        return answer.toString();
    }

    /** Sends every message back until the connection ends. */
    void echo(String path, int opcode) throws InterruptedException {
        connect(path, (payload, at) -> {
            requireNonNull(channel).write(frame(opcode, payload));
            requireNonNull(channel).flush();
            return true;
        });
    }

    /** A whole frame, masked with zeros so that the payload needs no work; the feed itself sends short ones only. */
    private static ByteBuf frame(int opcode, ByteBuffer payload) {
        int length = payload.remaining();
        ByteBuf header = Unpooled.buffer(14).writeByte(0x80 | opcode);
        if (length <= 125) {
            header.writeByte(MASKED | length);
        } else if (length <= 0xffff) {
            header.writeByte(MASKED | 126).writeShort(length);
        } else {
            header.writeByte(MASKED | 127).writeLong(length);
        }
        return Unpooled.wrappedBuffer(header.writeInt(0), Unpooled.copiedBuffer(payload));
    }

    private void connect(String path, FrameHandler frames) throws InterruptedException {
        CountDownLatch ended = new CountDownLatch(1);
        Endpoint endpoint = Endpoint.of(URI.create(address + path));
        Wiring wiring = new Wiring(
                settings(),
                endpoint,
                FeedRig.KEY,
                new FeedClient.Handlers(frames, new Untold()),
                surroundings,
                new FeedMetrics(new MetricRegistry(), surroundings.clock()));
        Connection connection = new Connection(wiring, transport, () -> Long.MAX_VALUE, new Connection.Listener() {
            @Override
            public void onOpened() {
                // the messages tell
            }

            @Override
            public void onEnded(ConnectionEnd end, boolean wasOpened, boolean wasStable) {
                ended.countDown();
            }
        });
        transport.loop().execute(() -> connection.start(new Names(surroundings.names(), surroundings.threads())));
        if (!ended.await(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
            throw new AssertionError("not ended: path=" + path);
        }
    }

    private static FeedSettings settings() {
        Duration minute = Duration.ofMinutes(1);
        return new FeedSettings(
                URI.create("ws://127.0.0.1/"),
                null,
                List.of(),
                50,
                MAX_MESSAGE_LENGTH,
                minute,
                minute,
                minute,
                minute,
                minute,
                minute,
                3,
                Path.of("unused"));
    }

    @Override
    public void close() {
        transport.stop();
    }

    /** Takes what nobody asks for. */
    private static final class Untold implements SessionHandler {
        @Override
        public void onSessionOpened(long openedAtMillis) {}

        @Override
        public void onSubscription(String symbol, boolean subscribed, long atMillis) {}

        @Override
        public void onSessionClosed(String reason, long closedAtMillis) {}
    }
}
