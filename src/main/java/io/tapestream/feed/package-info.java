/**
 * One WebSocket session to a venue: connect, subscribe, stay alive, reconnect, never two sockets on a key.
 *
 * <p>Settings and a key come in; each message goes out to a {@link io.tapestream.frame.FrameHandler}, and what happens
 * around them to a {@link io.tapestream.frame.SessionHandler}. Netty stays inside: a buffer is released when the
 * handler returns.
 *
 * <p>Everything runs on one event loop, which waits for nothing; only a name lookup has a thread of its own. A handler
 * that answers false stops the reading of the socket, and what has been read is held.
 *
 * <p>Nothing ends it but its owner: it reconnects with back-off, and where the venue refuses it (a key, a certificate)
 * it is degraded and tries rarely. The key is written to the request line, and nowhere else.
 */
@NullMarked
package io.tapestream.feed;

import org.jspecify.annotations.NullMarked;
