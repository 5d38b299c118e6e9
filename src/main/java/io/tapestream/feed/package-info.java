/**
 * One WebSocket session to a venue: connect, subscribe, stay alive, reconnect, never two sockets on a key.
 *
 * <p>Messages go out to a {@link io.tapestream.frame.FrameHandler} on the event loop. Netty stays inside: a buffer is
 * released when the handler returns. Failures reconnect with back-off; only a refused key ends it.
 */
@NullMarked
package io.tapestream.feed;

import org.jspecify.annotations.NullMarked;
