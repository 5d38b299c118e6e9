/**
 * What a message of the feed is, and where the trades lie in its bytes.
 *
 * <p>Bytes of one message come in; offsets of its trades come out. Nothing here has a thread of its own. A message that
 * is not whole, valid JSON yields nothing.
 */
@NullMarked
package io.tapestream.frame;

import org.jspecify.annotations.NullMarked;
