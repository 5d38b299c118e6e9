package io.tapestream.status;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.codahale.metrics.MetricRegistry;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.QueryStringDecoder;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.instrumentation.dropwizard.DropwizardExports;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;

/** Answers one connection's requests. */
final class StatusHandler extends SimpleChannelInboundHandler<FullHttpRequest> {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final DropwizardExports exports;
    private final PrometheusTextFormatWriter prometheus = PrometheusTextFormatWriter.create();
    private final Supplier<Health> health;

    StatusHandler(MetricRegistry metrics, Supplier<Health> health) {
        exports = new DropwizardExports(metrics);
        this.health = health;
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, FullHttpRequest request) {
        FullHttpResponse response = answer(request);
        HttpUtil.setContentLength(response, response.content().readableBytes());
        if (request.method().equals(HttpMethod.HEAD)) {
            response.content().clear();
        }
        boolean keepAlive = HttpUtil.isKeepAlive(request);
        HttpUtil.setKeepAlive(response, keepAlive);
        var written = context.writeAndFlush(response);
        if (!keepAlive) {
            written.addListener(ChannelFutureListener.CLOSE);
        }
    }

    private FullHttpResponse answer(FullHttpRequest request) {
        if (!request.method().equals(HttpMethod.GET) && !request.method().equals(HttpMethod.HEAD)) {
            return response(
                    HttpResponseStatus.METHOD_NOT_ALLOWED,
                    "text/plain; charset=utf-8",
                    "only GET and HEAD\n".getBytes(UTF_8));
        }
        return switch (new QueryStringDecoder(request.uri()).path()) {
            case "/health" -> healthResponse();
            case "/metrics" -> response(HttpResponseStatus.OK, PrometheusTextFormatWriter.CONTENT_TYPE, metrics());
            case "/" ->
                response(
                        HttpResponseStatus.OK,
                        "text/html; charset=utf-8",
                        StatusPage.render(health.get()).getBytes(UTF_8));
            default ->
                response(
                        HttpResponseStatus.NOT_FOUND,
                        "text/plain; charset=utf-8",
                        "there is /, /health and /metrics\n".getBytes(UTF_8));
        };
    }

    private FullHttpResponse healthResponse() {
        Health now = health.get();
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("healthy", now.healthy());
        body.put("state", now.state());
        body.putAll(now.details());
        try {
            return response(
                    now.healthy() ? HttpResponseStatus.OK : HttpResponseStatus.SERVICE_UNAVAILABLE,
                    "application/json",
                    JSON.writeValueAsBytes(body));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("health details are plain values", e);
        }
    }

    private byte[] metrics() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try {
            prometheus.write(out, exports.collect());
        } catch (IOException e) {
            throw new UncheckedIOException("a byte array does not fail", e);
        }
        return out.toByteArray();
    }

    private static FullHttpResponse response(HttpResponseStatus status, String contentType, byte[] body) {
        FullHttpResponse response =
                new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, status, Unpooled.wrappedBuffer(body));
        response.headers().set(HttpHeaderNames.CONTENT_TYPE, contentType);
        response.headers().set(HttpHeaderNames.CACHE_CONTROL, "no-store");
        return response;
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        context.close();
    }
}
