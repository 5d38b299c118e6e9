package io.tapestream.replay;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.QueryStringDecoder;
import io.netty.handler.codec.http.websocketx.WebSocketDecoderConfig;
import io.netty.handler.codec.http.websocketx.WebSocketFrameAggregator;
import io.netty.handler.codec.http.websocketx.WebSocketServerProtocolConfig;
import io.netty.handler.codec.http.websocketx.WebSocketServerProtocolHandler;
import io.netty.handler.timeout.ReadTimeoutHandler;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides on a request: a WebSocket handshake at {@code /?token=KEY} goes on, anything else is answered with an HTTP
 * error. The key is taken out of the request here, so that no later handler can log it.
 */
final class Admission extends SimpleChannelInboundHandler<FullHttpRequest> {
    private static final Logger LOG = LoggerFactory.getLogger(Admission.class);
    private static final String PATH = "/";

    private final MarketSettings settings;
    private final Connections connections;
    private final MarketCounts counts;

    Admission(MarketSettings settings, Connections connections, MarketCounts counts) {
        super(false);
        this.settings = settings;
        this.connections = connections;
        this.counts = counts;
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, FullHttpRequest request) {
        HttpResponseStatus status = answerTo(request);
        if (status.equals(HttpResponseStatus.SWITCHING_PROTOCOLS)) {
            admit(context, request);
            return;
        }
        LOG.info("connection refused status={}", status.code());
        counts.refused();
        request.release();
        FullHttpResponse response = new DefaultFullHttpResponse(
                HttpVersion.HTTP_1_1,
                status,
                Unpooled.copiedBuffer(status.reasonPhrase() + "\n", StandardCharsets.US_ASCII));
        response.headers()
                .set(HttpHeaderNames.CONTENT_TYPE, HttpHeaderValues.TEXT_PLAIN)
                .set(HttpHeaderNames.CONTENT_LENGTH, response.content().readableBytes())
                .set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
        context.writeAndFlush(response).addListener(ChannelFutureListener.CLOSE);
    }

    private HttpResponseStatus answerTo(FullHttpRequest request) {
        if (request.decoderResult().isFailure()) {
            return HttpResponseStatus.BAD_REQUEST;
        }
        QueryStringDecoder target = new QueryStringDecoder(request.uri());
        if (!target.path().equals(PATH)) {
            return HttpResponseStatus.NOT_FOUND;
        }
        if (!request.headers().containsValue(HttpHeaderNames.UPGRADE, HttpHeaderValues.WEBSOCKET, true)) {
            return HttpResponseStatus.UPGRADE_REQUIRED;
        }
        String key = keyOf(target);
        if (key.isBlank() || !(settings.keys().isEmpty() || settings.keys().contains(key))) {
            return HttpResponseStatus.UNAUTHORIZED;
        }
        if (connections.count() >= settings.maxConnections()) {
            return HttpResponseStatus.SERVICE_UNAVAILABLE;
        }
        return HttpResponseStatus.SWITCHING_PROTOCOLS;
    }

    private static String keyOf(QueryStringDecoder target) {
        return target.parameters().getOrDefault("token", List.of("")).get(0);
    }

    private void admit(ChannelHandlerContext context, FullHttpRequest request) {
        String key = keyOf(new QueryStringDecoder(request.uri()));
        counts.socketOpened(key);
        context.channel().closeFuture().addListener(closed -> counts.socketClosed(key));
        WebSocketServerProtocolConfig protocol = WebSocketServerProtocolConfig.newBuilder()
                .websocketPath(PATH)
                .sendCloseFrame(null)
                .decoderConfig(WebSocketDecoderConfig.newBuilder()
                        .maxFramePayloadLength(settings.maxMessageLength())
                        .build())
                .build();
        ChannelPipeline pipeline = context.pipeline();
        pipeline.addLast(new WebSocketServerProtocolHandler(protocol));
        pipeline.addLast(new WebSocketFrameAggregator(settings.maxMessageLength()));
        pipeline.addLast(new MarketConnection(context.channel(), key, connections, settings));
        request.setUri(PATH);
        context.fireChannelRead(request);
        pipeline.remove(ReadTimeoutHandler.class);
        pipeline.remove(this);
    }

    /** The request did not come in time, or the client refused the certificate. */
    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        LOG.info(
                "connection failed before its handshake cause={}",
                cause.getClass().getSimpleName());
        context.close();
    }
}
