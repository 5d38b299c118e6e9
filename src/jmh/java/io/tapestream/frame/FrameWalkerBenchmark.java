package io.tapestream.frame;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * What it costs to find a trade in the bytes of its frame: all captured frames, from one direct buffer as from a mapped
 * segment. Run it with {@code -prof gc} from the project's folder; nothing may be allocated.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class FrameWalkerBenchmark {
    /** Trades in the captures; the score is per trade. */
    static final int TRADES = 1287;

    private final FrameWalker walker = new FrameWalker();
    private ByteBuffer buffer = ByteBuffer.allocateDirect(0);
    private int[] ends = {};

    /** Copies the captured frames into one buffer. */
    @Setup
    public void readCaptures() {
        List<byte[]> frames = Messages.capturedFrames();
        buffer = ByteBuffer.allocateDirect(
                frames.stream().mapToInt(f -> f.length).sum());
        ends = new int[frames.size()];
        for (int i = 0; i < ends.length; i++) {
            buffer.put(frames.get(i));
            ends[i] = buffer.position();
        }
        buffer.clear();
    }

    /** Walks every captured frame and visits its trades; returns a sum of what it saw. */
    @Benchmark
    @OperationsPerInvocation(TRADES)
    public long walk() {
        long seen = 0;
        int start = 0;
        for (int end : ends) {
            walker.walk(buffer, start, end - start);
            seen += seen();
            start = end;
        }
        return seen;
    }

    private long seen() {
        long seen = 0;
        for (int i = 0; i < walker.tradeCount(); i++) {
            Trade trade = walker.trade(i);
            seen += trade.defect() == Trade.Defect.NONE
                    ? trade.symbolLength() + trade.priceLength() + trade.volumeLength() + trade.tradedAtLength()
                    : 0;
        }
        return seen;
    }
}
