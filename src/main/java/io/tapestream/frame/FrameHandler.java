package io.tapestream.frame;

import java.nio.ByteBuffer;

/** Takes the messages of a feed, in the order they arrived. Called on the feed's event loop; must not wait. */
@FunctionalInterface
public interface FrameHandler {
    /**
     * Takes one message. The bytes between position and limit are valid only during the call.
     *
     * @param payload the message, as received
     * @param receivedAtMillis when it arrived, epoch milliseconds
     * @return true to go on; false when this message was taken but the feed has to stop reading until it is resumed
     */
    boolean onFrame(ByteBuffer payload, long receivedAtMillis);
}
