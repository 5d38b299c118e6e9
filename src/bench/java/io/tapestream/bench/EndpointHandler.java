package io.tapestream.bench;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import java.io.IOException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.BitSet;
import java.util.List;

/**
 * Answers the requests of one connection as Kinesis does, and writes down what was put. A request that cannot be read
 * is answered with an error, and the connection goes on; a log that cannot be written ends the process, since what it
 * lacks would count as lost.
 */
final class EndpointHandler extends SimpleChannelInboundHandler<FullHttpRequest> {
    private static final String CBOR = "application/x-amz-cbor-1.1";
    private static final String JSON = "application/x-amz-json-1.1";

    private final KinesisEndpoint.Shared shared;
    private byte[] bytes = new byte[1 << 16];

    EndpointHandler(KinesisEndpoint.Shared shared) {
        this.shared = shared;
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, FullHttpRequest request) throws IOException {
        String target = request.headers().get("X-Amz-Target", "");
        boolean isCbor = CBOR.equals(request.headers().get(HttpHeaderNames.CONTENT_TYPE));
        int length = request.content().readableBytes();
        if (bytes.length < length) {
            bytes = new byte[Math.max(length, bytes.length * 2)];
        }
        request.content().readBytes(bytes, 0, length);
        ByteBuf answer = context.alloc().buffer();
        HttpResponseStatus status = HttpResponseStatus.OK;
        switch (target.substring(target.indexOf('.') + 1)) {
            case "PutRecords" -> put(context, length, isCbor, false);
            case "PutRecord" -> put(context, length, isCbor, true);
            case "DescribeStreamSummary" ->
                Answers.summary(shared.stream(), shared.shards().count(), answer);
            case "ListShards" -> Answers.shards(shared.shards(), answer);
            default -> {
                Answers.error("UnknownOperationException", target, isCbor, answer);
                status = HttpResponseStatus.BAD_REQUEST;
            }
        }
        if (answer.isReadable()) {
            send(context, status, isCbor, answer);
        } else {
            answer.release();
        }
    }

    private void put(ChannelHandlerContext context, int length, boolean isCbor, boolean isOne) throws IOException {
        List<PutEntry> entries = PutRequest.entries(bytes, length, isCbor);
        int[] shards = new int[entries.size()];
        BitSet refused = new BitSet();
        for (int i = 0; i < shards.length; i++) {
            PutEntry entry = entries.get(i);
            shards[i] = shared.shards().of(entry.partitionKey(), entry.explicitHashKey());
            int weight = entry.payloadLength(bytes) + entry.partitionKey().length();
            refused.set(i, !shared.shards().take(shards[i], weight));
        }
        ByteBuf answer = context.alloc().buffer();
        HttpResponseStatus status = HttpResponseStatus.OK;
        if (!isOne) {
            shared.answers().putRecords(shards, refused, isCbor, answer);
        } else if (refused.isEmpty()) {
            shared.answers().putRecord(shards[0], isCbor, answer);
        } else {
            Answers.throttled(isCbor, answer);
            status = HttpResponseStatus.BAD_REQUEST;
        }
        long answeredMicros = ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now());
        send(context, status, isCbor, answer);
        shared.counts().put(shards.length, refused.cardinality(), length);
        try {
            shared.log().append(bytes, length, answeredMicros, isCbor, refused);
        } catch (IOException e) {
            shared.onLogFailure().accept(e);
        }
    }

    private static void send(ChannelHandlerContext context, HttpResponseStatus status, boolean isCbor, ByteBuf answer) {
        FullHttpResponse response = new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, status, answer);
        response.headers()
                .set(HttpHeaderNames.CONTENT_TYPE, isCbor ? CBOR : JSON)
                .set("x-amzn-RequestId", "00000000-0000-0000-0000-000000000000");
        HttpUtil.setContentLength(response, answer.readableBytes());
        context.writeAndFlush(response);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        System.err.println("request not answered: " + cause);
        ByteBuf answer = context.alloc().buffer();
        Answers.error("SerializationException", cause.getClass().getSimpleName(), false, answer);
        send(context, HttpResponseStatus.BAD_REQUEST, false, answer);
    }
}
