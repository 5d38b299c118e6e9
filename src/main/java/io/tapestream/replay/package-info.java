/**
 * Captures: export, read, and serve as a market over WebSocket, at any speed.
 *
 * <p>For a laptop, for tests and for load. Nothing here runs in production.
 */
@NullMarked
package io.tapestream.replay;

import org.jspecify.annotations.NullMarked;
