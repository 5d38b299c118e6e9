package io.tapestream.feed;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Tells once when nothing at all has been received for too long: the peer of a half-open connection. Confined to the
 * event loop.
 */
final class SilenceWatch extends ChannelInboundHandlerAdapter {
    private final long timeoutNanos;
    private final Runnable onSilence;
    private @Nullable ChannelHandlerContext context;
    private @Nullable Future<?> timer;
    private long lastReadNanos;
    private boolean isSuspended;

    SilenceWatch(long timeoutNanos, Runnable onSilence) {
        this.timeoutNanos = timeoutNanos;
        this.onSilence = onSilence;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        context = ctx;
        restart(ctx);
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        suspend();
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        lastReadNanos = now(ctx);
        ctx.fireChannelRead(message);
    }

    /** Stops watching: it is us who do not read. */
    void suspend() {
        isSuspended = true;
        if (timer != null) {
            timer.cancel(false);
            timer = null;
        }
    }

    /** Watches again; the time of the pause does not count. */
    void resume() {
        if (isSuspended && context != null && !context.isRemoved()) {
            isSuspended = false;
            restart(context);
        }
    }

    private void restart(ChannelHandlerContext ctx) {
        lastReadNanos = now(ctx);
        schedule(ctx, timeoutNanos);
    }

    private void schedule(ChannelHandlerContext ctx, long nanos) {
        timer = ctx.executor().schedule(() -> check(ctx), nanos, TimeUnit.NANOSECONDS);
    }

    private void check(ChannelHandlerContext ctx) {
        long remaining = timeoutNanos - (now(ctx) - lastReadNanos);
        if (remaining > 0) {
            schedule(ctx, remaining);
        } else {
            onSilence.run();
        }
    }

    private static long now(ChannelHandlerContext ctx) {
        return ctx.executor().ticker().nanoTime();
    }
}
