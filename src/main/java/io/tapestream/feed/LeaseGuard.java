package io.tapestream.feed;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.ReferenceCountUtil;

/**
 * Stands before everything that reads the socket, and lets nothing pass when the lease is over: neither the handshake
 * that a connection begins with nor one further byte. So what was read by a process that had been frozen is dropped.
 */
final class LeaseGuard extends ChannelInboundHandlerAdapter {
    private final KeyLease.Grant grant;
    private final Runnable onOver;

    LeaseGuard(KeyLease.Grant grant, Runnable onOver) {
        this.grant = grant;
        this.onOver = onOver;
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        if (grant.isOver()) {
            onOver.run();
        } else {
            ctx.fireChannelActive();
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        if (grant.isOver()) {
            ReferenceCountUtil.release(message);
            onOver.run();
        } else {
            ctx.fireChannelRead(message);
        }
    }
}
