package io.tapestream.feed;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.concurrent.Future;
import java.net.InetAddress;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One attempt to connect and the session that comes of it, from the name lookup to the closed socket; used once.
 * Confined to the event loop.
 *
 * <p>Whatever goes wrong, it ends: the first cause is kept, the socket is closed, and then, once, the end is told.
 */
final class Connection implements Handshake.Outcome {
    private static final Logger LOG = LoggerFactory.getLogger(Connection.class);
    private static final long CLOSE_TIMEOUT_MILLIS = 2000;

    /** Takes what becomes of a connection. */
    interface Listener {
        /** The handshake succeeded; called before the first frame. */
        void onOpened();

        /** It has ended: no socket is open, nothing follows. Called once. */
        void onEnded(ConnectionEnd end, boolean wasOpened, boolean wasStable);
    }

    private final Wiring wiring;
    private final Transport transport;
    private final Listener listener;
    private final KeyLease.Grant lease;

    private @Nullable Future<?> connectTimer;
    private @Nullable Future<?> stableTimer;
    private @Nullable Future<?> closeTimer;
    private @Nullable Future<?> leaseTimer;
    private @Nullable Channel channel;
    private @Nullable Session session;
    private @Nullable ConnectionEnd end;
    private boolean isStable;
    private boolean isRequested;
    private boolean isClosed;
    private boolean isFinished;

    /**
     * Creates one that has not begun.
     *
     * @param lease what it may last no longer than
     */
    Connection(Wiring wiring, Transport transport, KeyLease.Grant lease, Listener listener) {
        this.wiring = wiring;
        this.transport = transport;
        this.lease = lease;
        this.listener = listener;
    }

    void start(Names names) {
        connectTimer = after(wiring.settings().connectTimeout().toMillis(), this::onConnectTimeout);
        names.find(
                wiring.endpoint().host(),
                (address, failure) -> transport.loop().execute(() -> onAddress(address, failure)));
    }

    private void onConnectTimeout() {
        fail(ConnectionEnd.of(
                ConnectionEnd.Kind.LOST,
                "no session within " + wiring.settings().connectTimeout().toMillis() + " ms"));
    }

    private void onAddress(@Nullable InetAddress address, @Nullable Throwable failure) {
        if (end != null) {
            return;
        }
        if (address == null) {
            fail(ConnectionEnd.of(
                    ConnectionEnd.Kind.LOST, failure == null ? "no address" : describe(Names.unwrapped(failure))));
        } else if (!wiring.endpoint().mayReach(address)) {
            fail(ConnectionEnd.of(
                    ConnectionEnd.Kind.UNTRUSTED,
                    "ws leads away from loopback: address=" + address + " (key not sent)"));
        } else {
            connect(address);
        }
    }

    private void connect(InetAddress address) {
        if (!mayGoOn()) {
            return;
        }
        watchLease();
        int timeoutMillis = (int) wiring.settings().connectTimeout().toMillis();
        Handshake handshake = new Handshake(wiring.endpoint(), wiring.key(), wiring.surroundings(), this);
        var connecting = transport.connect(
                address, timeoutMillis, new LeaseGuard(lease, this::endWithoutLease), handshake, new Tail());
        Throwable atOnce = connecting.cause();
        if (atOnce != null && !connecting.channel().isRegistered()) {
            fail(ConnectionEnd.of(ConnectionEnd.Kind.LOST, describe(atOnce))); // not even a socket
            return;
        }
        channel = connecting.channel();
        connecting.addListener(done -> {
            if (!done.isSuccess()) {
                fail(ConnectionEnd.of(ConnectionEnd.Kind.LOST, describe(done.cause())));
            }
        });
        // Not at once: the close may be told before its cause.
        channel.closeFuture().addListener(closed -> transport.loop().execute(this::onClosed));
    }

    @Override
    public void onAgreed(ChannelHandlerContext handshake) {
        if (end != null || !mayGoOn()) {
            return;
        }
        cancel(connectTimer);
        stableTimer = after(wiring.settings().stableAfter().toMillis(), () -> isStable = true);
        wiring.metrics().sessions.inc();
        session = new Session(wiring, handshake.channel(), this);
        session.addHandlers(handshake);
        listener.onOpened();
        try {
            session.open();
        } catch (RuntimeException e) {
            failHandler(e);
        }
    }

    @Override
    public void onRefused(ConnectionEnd refusal) {
        fail(refusal);
    }

    /** Ends it if its lease is over; returns whether it may go on. */
    boolean mayGoOn() {
        if (lease.isOver()) {
            endWithoutLease();
            return false;
        }
        return true;
    }

    private void endWithoutLease() {
        fail(ConnectionEnd.of(ConnectionEnd.Kind.UNLEASED, "lease-lost"));
    }

    /** Looks again when the lease would be over, since nothing may be read then. */
    private void watchLease() {
        long remaining = lease.remainingNanos();
        if (remaining < Long.MAX_VALUE) {
            leaseTimer = transport.loop().schedule(this::onLeaseTimer, remaining, TimeUnit.NANOSECONDS);
        }
    }

    private void onLeaseTimer() {
        if (mayGoOn()) {
            watchLease();
        }
    }

    /** Reads on after a pause: what had been read while the lease was good, even if that is over now. */
    void resume() {
        if (session == null) {
            return;
        }
        mayGoOn();
        try {
            session.resume();
        } catch (RuntimeException e) {
            failHandler(e);
        }
        if (isClosed) {
            finish();
        }
    }

    /** Ends it in order if there is a session: frames are taken until the venue has answered the close frame. */
    void close(String reason) {
        ConnectionEnd requested = ConnectionEnd.of(ConnectionEnd.Kind.REQUESTED, reason);
        isRequested = true;
        if (isClosed) {
            finish();
        } else if (session == null || end != null) {
            fail(requested);
        } else {
            sayGoodbye(requested, CloseCode.NORMAL, reason);
        }
    }

    /** Sends a close frame; the venue has a short while to answer it. */
    private void sayGoodbye(ConnectionEnd why, int code, String reason) {
        end = why;
        if (channel != null && session != null) {
            channel.writeAndFlush(session.frames().close(code, reason))
                    .addListener(ChannelFutureListener.FIRE_EXCEPTION_ON_FAILURE);
            closeTimer = after(CLOSE_TIMEOUT_MILLIS, this::hardClose);
        }
    }

    /** Sends a last frame and closes as soon as it is out, or a short while later if it cannot be sent. */
    void endWith(ConnectionEnd why, ByteBuf lastFrame) {
        if (channel == null || end != null) {
            lastFrame.release();
            fail(why);
            return;
        }
        end = why;
        channel.writeAndFlush(lastFrame).addListener(ChannelFutureListener.CLOSE);
        closeTimer = after(CLOSE_TIMEOUT_MILLIS, this::hardClose);
    }

    /** Takes the venue's close frame: an answer to ours, or its own end of the session. */
    void onCloseFrame(ConnectionEnd why, int code) {
        if (end != null || session == null) {
            hardClose();
        } else {
            endWith(why, session.frames().close(code, ""));
        }
    }

    /** Ends it without ceremony. */
    void fail(ConnectionEnd why) {
        if (end == null) {
            end = why;
        }
        cancel(connectTimer);
        if (channel == null) {
            onClosed();
        } else {
            hardClose();
        }
    }

    private void hardClose() {
        if (channel != null) {
            channel.close().addListener(ChannelFutureListener.FIRE_EXCEPTION_ON_FAILURE);
        }
    }

    /** Ends it because a handler of ours threw. */
    void failHandler(Throwable cause) {
        if (end == null) {
            wiring.metrics().handlerFailures.inc();
            LOG.error("handler of the feed failed (session is closed)", cause);
        }
        if (session != null) {
            session.discard();
        }
        fail(ConnectionEnd.of(ConnectionEnd.Kind.FAILED, "handler failed: " + describe(cause)));
    }

    private void onClosed() {
        isClosed = true;
        cancel(connectTimer);
        cancel(stableTimer);
        cancel(closeTimer);
        cancel(leaseTimer);
        finish();
    }

    /**
     * Tells the end; but if a handler has asked for a pause, not before that is over (what has been received comes
     * first, and no new session may begin meanwhile), unless it was us who ended it.
     */
    private void finish() {
        ConnectionEnd why =
                end == null ? ConnectionEnd.of(ConnectionEnd.Kind.LOST, "lost: closed without a close frame") : end;
        if (isFinished || (!isRequested && session != null && session.isPaused())) {
            return;
        }
        isFinished = true;
        if (session != null) {
            session.discard();
        }
        listener.onEnded(why, session != null, isStable);
    }

    private Future<?> after(long millis, Runnable task) {
        return transport.loop().schedule(task, millis, TimeUnit.MILLISECONDS);
    }

    private static void cancel(@Nullable Future<?> timer) {
        if (timer != null) {
            timer.cancel(false);
        }
    }

    private String describe(Throwable cause) {
        return wiring.key().redact(Failures.text(cause));
    }

    /** Takes what no handler took. */
    private final class Tail extends ChannelInboundHandlerAdapter {
        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            if (cause instanceof Error) {
                failHandler(cause);
            } else {
                fail(ConnectionEnd.of(ConnectionEnd.Kind.LOST, "lost: " + describe(cause)));
            }
        }
    }
}
