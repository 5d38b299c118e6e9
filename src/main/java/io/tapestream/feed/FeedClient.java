package io.tapestream.feed;

import com.codahale.metrics.MetricRegistry;
import io.tapestream.frame.FrameHandler;
import io.tapestream.frame.SessionHandler;
import java.time.InstantSource;
import java.util.concurrent.ThreadFactory;

/**
 * Keeps one session with a venue alive: connects, subscribes, watches, reconnects; hands each message to a
 * {@link FrameHandler}.
 *
 * <p>All handlers are called on its one event loop. Never more than one socket is open.
 */
public final class FeedClient implements AutoCloseable {
    /** What the feed is doing. */
    public enum State {
        /** Not started, or closed on request. */
        CLOSED,
        /** Connecting, or waiting to. */
        CONNECTING,
        /** The handshake succeeded and the socket is open. */
        OPEN,
        /** The venue refuses the key or the request: trying rarely. */
        DEGRADED
    }

    /** The handlers of a feed, as one value. */
    public record Handlers(FrameHandler frames, SessionHandler sessions) {}

    /** Takes the lock on the key's name; connects only when {@link #open()} is called. */
    public FeedClient(
            FeedSettings settings,
            ApiKey key,
            Handlers handlers,
            InstantSource clock,
            ThreadFactory threads,
            MetricRegistry metrics) {
        throw new UnsupportedOperationException("FeedClient");
    }

    /** Starts connecting and stays connected until {@link #close(String)}. Returns at once; any thread. */
    public void open() {
        throw new UnsupportedOperationException("open");
    }

    /** Goes on reading after a frame handler had answered false. Any thread. */
    public void resume() {
        throw new UnsupportedOperationException("resume");
    }

    /**
     * Ends the session with a close frame and this reason, and stays closed until {@link #open()}; returns when the
     * socket is closed and the session handler has been told. Any thread but the event loop.
     */
    public void close(String reason) {
        throw new UnsupportedOperationException("close");
    }

    /** What it is doing; any thread. */
    public State state() {
        throw new UnsupportedOperationException("state");
    }

    /** Ends the session, the event loop and the lock on the key. */
    @Override
    public void close() {
        throw new UnsupportedOperationException("close");
    }
}
