package io.tapestream.feed;

import com.codahale.metrics.MetricRegistry;
import io.netty.channel.EventLoop;
import io.netty.handler.ssl.SslContext;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import io.tapestream.frame.FrameHandler;
import io.tapestream.frame.SessionHandler;
import java.net.InetAddress;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps one session with a venue alive: connects, subscribes, watches, reconnects; hands each message to a
 * {@link FrameHandler}.
 *
 * <p>All handlers are called on its one event loop. Never more than one socket is open, and none without the key's
 * lease: where another host has that, the feed stands by.
 */
public final class FeedClient implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(FeedClient.class);
    private static final int CLOSE_TIMEOUT_SECONDS = 10;

    /** What the feed is doing. */
    public enum State {
        /** Not started, or closed on request. */
        CLOSED,
        /** Waiting for the key's lease, without a socket. */
        STANDBY,
        /** Connecting, or waiting to. */
        CONNECTING,
        /** The handshake succeeded and the socket is open. */
        OPEN,
        /** The venue refuses the key or the request: trying rarely. */
        DEGRADED
    }

    /** The handlers of a feed, as one value. */
    public record Handlers(FrameHandler frames, SessionHandler sessions) {}

    private final Wiring wiring;
    private final KeyLock lock;
    private final KeyLease lease;
    private final Transport transport;
    private final Names names;
    private final EventLoop loop;
    private final Reconnects reconnects;

    private volatile State state = State.CLOSED;
    private boolean isWanted;
    private boolean isDegraded;
    private KeyLease.@Nullable Grant grant;
    private @Nullable Connection connection;
    private @Nullable Future<?> retry;
    private @Nullable Promise<?> closing;

    /** Takes the lock on the key's name; connects only when {@link #open()} is called. */
    public FeedClient(
            FeedSettings settings,
            LeasedKey key,
            Handlers handlers,
            InstantSource clock,
            ThreadFactory threads,
            MetricRegistry metrics) {
        this(
                settings,
                key,
                handlers,
                new Surroundings(clock, threads, new SecureRandom(), host -> List.of(InetAddress.getAllByName(host))),
                metrics);
    }

    FeedClient(
            FeedSettings settings,
            LeasedKey key,
            Handlers handlers,
            Surroundings surroundings,
            MetricRegistry metrics) {
        Endpoint endpoint = Endpoint.of(settings.uri());
        this.wiring = new Wiring(
                settings, endpoint, key.key(), handlers, surroundings, new FeedMetrics(metrics, surroundings.clock()));
        this.names = new Names(surroundings.names(), surroundings.threads());
        this.reconnects = new Reconnects(settings, surroundings.random());
        SslContext tls = Transport.tls(endpoint, settings.caFile());
        settings.symbols().forEach(Session::subscription); // refused here, not after each handshake
        this.lease = key.lease();
        this.lock = KeyLock.take(settings.keyLockDirectory(), key.key());
        this.transport = new Transport(endpoint, tls, surroundings.threads());
        this.loop = transport.loop();
        if (settings.symbols().size() > settings.symbolLimit()) {
            LOG.warn(
                    "more symbols than the venue's plan allows symbols={} limit={} (the venue will refuse the rest; see"
                            + " feed.symbol-limit)",
                    settings.symbols().size(),
                    settings.symbolLimit());
        }
    }

    /**
     * Starts connecting and stays connected, or stands by, until {@link #close(String)}. Returns at once; any thread.
     */
    public void open() {
        boolean isOpening = tryOnLoop(() -> {
            isWanted = true;
            lease.want(new LeaseHolder());
            goOn();
        });
        if (!isOpening) {
            throw new IllegalStateException("feed is closed for good (expected: a new one)");
        }
    }

    /** Goes on reading after a frame handler had answered false. Any thread. */
    public void resume() {
        boolean unused = tryOnLoop(() -> {
            if (connection != null) {
                connection.resume();
            }
        });
    }

    /**
     * Ends the session with a close frame and this reason, and stays closed until {@link #open()}; returns when the
     * socket is closed and the session handler has been told. Any thread but the event loop.
     */
    public void close(String reason) {
        if (loop.inEventLoop()) {
            throw new IllegalStateException("feed closed on its event loop (expected: another thread, since it waits)");
        }
        Promise<Object> closed = loop.newPromise();
        boolean isClosing = tryOnLoop(() -> closeOnLoop(reason, closed));
        if (isClosing && !closed.awaitUninterruptibly(CLOSE_TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
            LOG.error("feed not closed in time seconds={} (a handler keeps its event loop)", CLOSE_TIMEOUT_SECONDS);
        }
    }

    /** Runs a task on the event loop; false if that has ended, and with it everything there was to do. */
    private boolean tryOnLoop(Runnable task) {
        try {
            loop.execute(task);
            return true;
        } catch (RejectedExecutionException e) {
            return false;
        }
    }

    private void closeOnLoop(String reason, Promise<Object> closed) {
        isWanted = false;
        if (retry != null) {
            retry.cancel(false);
            retry = null;
        }
        if (connection == null) {
            becomeClosed();
            closed.trySuccess(reason);
            return;
        }
        Promise<?> earlier = closing;
        closing = closed;
        if (earlier == null) {
            connection.close(reason);
        } else {
            closed.addListener(done -> earlier.trySuccess(null));
        }
    }

    /** What it is doing; any thread. */
    public State state() {
        return state;
    }

    private void becomeClosed() {
        state = State.CLOSED;
        lease.giveBack();
        grant = null;
    }

    /** Connects if that is what there is to do now. */
    private void goOn() {
        if (isWanted && connection == null && retry == null) {
            connect();
        }
    }

    private void connect() {
        retry = null;
        if (grant == null || grant.isOver()) {
            state = State.STANDBY;
            return;
        }
        state = connecting();
        connection = new Connection(wiring, transport, grant, new Listener());
        connection.start(names);
    }

    private State connecting() {
        return isDegraded ? State.DEGRADED : State.CONNECTING;
    }

    private void onLeaseGranted(KeyLease.Grant granted) {
        grant = granted;
        if (retry != null) {
            state = connecting(); // a venue that is to be left alone is, whoever has the lease
        }
        goOn();
    }

    private void onLeaseLost() {
        if (connection != null) {
            boolean unused = connection.mayGoOn();
        } else if (retry != null) {
            state = State.STANDBY;
        }
    }

    private void onOpened() {
        state = State.OPEN;
        LOG.info(
                "session opened venue={} symbols={}",
                wiring.endpoint(),
                wiring.settings().symbols().size());
    }

    private void onEnded(ConnectionEnd end, boolean wasOpened, boolean wasStable) {
        connection = null;
        if (wasOpened) {
            tellClosed(end);
        } else if (end.kind() != ConnectionEnd.Kind.REQUESTED && end.kind() != ConnectionEnd.Kind.UNLEASED) {
            wiring.metrics().connectFailures.inc();
        }
        if (!isWanted) {
            becomeClosed();
            LOG.info("feed closed reason=\"{}\"", end.reason());
        } else if (end.kind() == ConnectionEnd.Kind.REQUESTED) {
            connect(); // opened again while it was closing
        } else if (end.kind() == ConnectionEnd.Kind.UNLEASED) {
            LOG.warn(
                    "{} venue={} reason=\"{}\" (the feed stands by)",
                    wasOpened ? "session ended" : "connect failed",
                    wiring.endpoint(),
                    end.reason());
            connect();
        } else {
            reconnect(end, wasOpened, wasStable);
        }
        if (closing != null) {
            closing.trySuccess(null);
            closing = null;
        }
    }

    private void tellClosed(ConnectionEnd end) {
        try {
            wiring.handlers()
                    .sessions()
                    .onSessionClosed(end.reason(), wiring.surroundings().clock().millis());
        } catch (RuntimeException e) {
            wiring.metrics().handlerFailures.inc();
            LOG.error("handler of the feed's sessions failed", e);
        }
    }

    private void reconnect(ConnectionEnd end, boolean wasOpened, boolean wasStable) {
        Reconnects.Decision decision = reconnects.after(end, wasStable);
        String what = wasOpened ? "session ended" : "connect failed";
        if (decision.isDegraded() && (!isDegraded || wasStable)) {
            LOG.error(
                    "{} venue={} reason=\"{}\" retry_in_ms={} (the feed is degraded: somebody has to look; it goes on"
                            + " trying, rarely)",
                    what,
                    wiring.endpoint(),
                    end.reason(),
                    decision.waitMillis());
        } else {
            LOG.warn(
                    "{} venue={} reason=\"{}\" retry_in_ms={}",
                    what,
                    wiring.endpoint(),
                    end.reason(),
                    decision.waitMillis());
        }
        isDegraded = decision.isDegraded();
        state = connecting();
        retry = loop.schedule(this::connect, decision.waitMillis(), TimeUnit.MILLISECONDS);
    }

    /** Ends the session, the event loop and the lock on the key. */
    @Override
    public void close() {
        if (!loop.isShuttingDown()) {
            close("stopped");
            if (transport.stop()) {
                lock.close(); // else a socket may still be open, and the key in use until the process ends
            }
        }
    }

    private final class LeaseHolder implements KeyLease.Holder {
        @Override
        public void onGranted(KeyLease.Grant granted) {
            onLoop(() -> onLeaseGranted(granted));
        }

        @Override
        public void onLost() {
            onLoop(FeedClient.this::onLeaseLost);
        }

        private void onLoop(Runnable task) {
            if (loop.inEventLoop()) {
                task.run();
            } else {
                boolean unused = tryOnLoop(task);
            }
        }
    }

    private final class Listener implements Connection.Listener {
        @Override
        public void onOpened() {
            FeedClient.this.onOpened();
        }

        @Override
        public void onEnded(ConnectionEnd end, boolean wasOpened, boolean wasStable) {
            FeedClient.this.onEnded(end, wasOpened, wasStable);
        }
    }
}
