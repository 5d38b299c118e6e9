package io.tapestream.frame;

/** Takes what happens to a feed's session around its frames. Called on the feed's event loop; must not wait. */
public interface SessionHandler {
    /** A handshake succeeded; subscriptions and frames of this session follow. */
    void onSessionOpened(long openedAtMillis);

    /** A subscription was asked for (true) or given up (false); the venue does not confirm either. */
    void onSubscription(String symbol, boolean subscribed, long atMillis);

    /** The session has ended, its socket is closed, and no frame of it follows. */
    void onSessionClosed(String reason, long closedAtMillis);
}
