package io.tapestream.frame;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.List;
import org.junit.jupiter.api.Test;

class FrameWalkerAllocationTest {
    private static final int WALKS = 10_000;
    /** Room for what the virtual machine itself does in the meantime. */
    private static final long SLACK_BYTES = 64 << 10;

    private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private final FrameWalker walker = new FrameWalker();
    private int symbolBytes;

    @Test
    void allocatesNothingPerFrameWholeOrBroken() {
        List<ByteBuffer> frames = Messages.capturedFrames().stream()
                .map(frame -> ByteBuffer.allocateDirect(frame.length).put(0, frame))
                .toList();
        walk(frames);
        long before = threads.getCurrentThreadAllocatedBytes();
        walk(frames);
        assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(SLACK_BYTES);
        assertThat(symbolBytes).isPositive();
    }

    private void walk(List<ByteBuffer> frames) {
        for (int i = 0; i < WALKS; i++) {
            ByteBuffer frame = frames.get(i % frames.size());
            walker.walk(frame, 0, frame.limit());
            for (int trade = 0; trade < walker.tradeCount(); trade++) {
                symbolBytes += walker.trade(trade).symbolLength();
            }
            walker.walk(frame, 0, frame.limit() - 1);
        }
    }
}
