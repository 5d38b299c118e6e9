package io.tapestream.replay;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.netty.buffer.ByteBufInputStream;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.TooLongFrameException;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketCloseStatus;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketServerProtocolHandler.HandshakeComplete;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One client of a market: its subscriptions, and the socket to it. Confined to the event loop. */
final class MarketConnection extends SimpleChannelInboundHandler<WebSocketFrame> {
    private static final Logger LOG = LoggerFactory.getLogger(MarketConnection.class);
    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();
    private static final byte[] TOO_MANY_SYMBOLS = error("Subscribing to too many symbols");
    private static final byte[] INVALID_MESSAGE = error("Invalid message");

    private final Channel channel;
    private final String key;
    private final Connections connections;
    private final int symbolLimit;
    private final Duration pingInterval;
    private final Set<String> symbols = new HashSet<>();
    private int number;
    private String closeReason = "closed by the client";
    private boolean isClosing;
    private @Nullable Future<?> pings;

    MarketConnection(Channel channel, String key, Connections connections, MarketSettings settings) {
        this.channel = channel;
        this.key = key;
        this.connections = connections;
        symbolLimit = settings.symbolLimit();
        pingInterval = settings.pingInterval();
    }

    private static byte[] error(String text) {
        return ("{\"msg\":\"" + text + "\",\"type\":\"error\"}").getBytes(StandardCharsets.UTF_8);
    }

    int number() {
        return number;
    }

    boolean hasKeyOf(MarketConnection other) {
        return key.equals(other.key);
    }

    /** What it subscribed, as {@link MarketFrame#symbolKey}. */
    Set<String> symbols() {
        return symbols;
    }

    boolean hasSubscribed() {
        return !symbols.isEmpty();
    }

    boolean isWritable() {
        return channel.isWritable();
    }

    void write(byte[] bytes, int length) {
        channel.write(new TextWebSocketFrame(channel.alloc().buffer(length).writeBytes(bytes, 0, length)));
    }

    void flush() {
        channel.flush();
    }

    /** Closes the socket, without a close frame. */
    void drop(String reason) {
        LOG.info("connection dropped connection={} reason={}", number, reason);
        endSending(reason);
        channel.close();
    }

    /** Says good-bye; the socket is closed when the client has answered. */
    void goAway() {
        closeWith(WebSocketCloseStatus.ENDPOINT_UNAVAILABLE, "market stopped");
    }

    private void closeWith(WebSocketCloseStatus status, String reason) {
        endSending(reason);
        channel.writeAndFlush(new CloseWebSocketFrame(status, reason));
    }

    /** From here on nothing is sent and logged: nothing follows a close frame (RFC 6455 5.5.1). */
    private void endSending(String reason) {
        isClosing = true;
        closeReason = reason;
        symbols.clear();
        if (pings != null) {
            pings.cancel(false);
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) throws Exception {
        if (event instanceof HandshakeComplete) {
            open(context);
        }
        super.userEventTriggered(context, event);
    }

    private void open(ChannelHandlerContext context) {
        long millis = pingInterval.toMillis();
        pings = context.executor()
                .scheduleAtFixedRate(() -> connections.ping(this), millis, millis, TimeUnit.MILLISECONDS);
        number = connections.nextNumber();
        connections.opened(this);
        channel.closeFuture().addListener(closed -> {
            endSending(closeReason);
            connections.closed(this, closeReason);
        });
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, WebSocketFrame frame) {
        if (isClosing) {
            return;
        }
        if (!(frame instanceof TextWebSocketFrame) || !obey(frame)) {
            answer(INVALID_MESSAGE);
        }
    }

    private boolean obey(WebSocketFrame frame) {
        try (InputStream text = new ByteBufInputStream(frame.content())) {
            JsonNode message = JSON.readTree(text);
            String symbol = textOf(message, "symbol");
            if (symbol.isEmpty()) {
                return false;
            }
            return switch (textOf(message, "type")) {
                case "subscribe" -> subscribe(MarketFrame.symbolKey(symbol));
                case "unsubscribe" -> unsubscribe(MarketFrame.symbolKey(symbol));
                default -> false;
            };
        } catch (IOException e) {
            LOG.debug("message is not JSON connection={}", number, e);
            return false;
        }
    }

    private static String textOf(JsonNode message, String key) {
        JsonNode value = message.path(key);
        return value.isTextual() ? value.textValue() : "";
    }

    private boolean subscribe(String symbol) {
        if (symbols.size() == symbolLimit && !symbols.contains(symbol)) {
            answer(TOO_MANY_SYMBOLS);
        } else if (symbols.add(symbol)) {
            connections.ready();
        }
        return true;
    }

    private boolean unsubscribe(String symbol) {
        symbols.remove(symbol);
        connections.ready();
        return true;
    }

    private void answer(byte[] text) {
        connections.send(this, text, text.length, 0);
        flush();
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) throws Exception {
        connections.ready();
        super.channelWritabilityChanged(context);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        LOG.info("connection failed connection={} cause={}", number, cause.toString());
        if (cause instanceof TooLongFrameException) {
            closeWith(WebSocketCloseStatus.MESSAGE_TOO_BIG, "message too long");
        } else {
            drop("failed");
        }
    }
}
