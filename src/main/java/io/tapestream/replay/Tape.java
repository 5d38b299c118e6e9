package io.tapestream.replay;

import io.tapestream.frame.Frame;
import io.tapestream.frame.FrameWalker;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The captures as one run of frames, again and again if looped, each round's trades later than those of the round
 * before.
 *
 * <p>All trades of a round are moved by the same time, which is longer than any symbol's trades of the first round are
 * apart; so no trade of a round can be one of an earlier round. Captured pings and errors are left out: the market has
 * its own.
 */
final class Tape implements AutoCloseable {
    private static final long MILLIS_PER_SECOND = 1000;

    private final Captures captures;
    private final boolean loops;
    private final long startMillis;
    private final Map<String, TimeRange> ranges = new HashMap<>();
    private final MarketFrame frame = new MarketFrame();
    private @Nullable CaptureReader reader;
    private int capture;
    private long round;
    private long framesOfRound;
    private long shiftMillis;
    private long gapMillis;
    private long receivedAtMillis = -1;
    private boolean isShiftKnown;

    /**
     * A tape at its beginning.
     *
     * @param startMillis what the first frame's receive time is moved to, and every other time by as much; -1 to leave
     *     the times of the first round as they are
     */
    Tape(Captures captures, boolean loops, long startMillis) {
        this.captures = captures;
        this.loops = loops;
        this.startMillis = startMillis;
    }

    /** Goes to the next frame; false at the end. A looped tape ends only if a round of it holds nothing to send. */
    boolean next() {
        gapMillis = 0;
        while (advance()) {
            if (frame.kind() != FrameWalker.Kind.PING && frame.kind() != FrameWalker.Kind.ERROR) {
                framesOfRound++;
                return true;
            }
        }
        return false;
    }

    private boolean advance() {
        CaptureReader current = reader;
        while (current == null || !current.next()) {
            close();
            if (capture == captures.count() && !rewind()) {
                return false;
            }
            current = captures.open(capture++);
            reader = current;
            receivedAtMillis = -1;
        }
        load(current.frame());
        return true;
    }

    private boolean rewind() {
        if (!loops || framesOfRound == 0) {
            return false;
        }
        capture = 0;
        framesOfRound = 0;
        round++;
        shiftMillis += roundMillis();
        return true;
    }

    private void load(Frame captured) {
        if (receivedAtMillis >= 0) {
            gapMillis += Math.max(0, captured.receivedAtMillis() - receivedAtMillis);
        }
        receivedAtMillis = captured.receivedAtMillis();
        if (!isShiftKnown) {
            shiftMillis = startMillis < 0 ? 0 : startMillis - receivedAtMillis;
            isShiftKnown = true;
        }
        frame.load(captured, shiftMillis);
        if (round == 0 && loops) {
            noteTimes();
        }
    }

    private void noteTimes() {
        for (int i = 0; i < frame.tradeCount(); i++) {
            String symbol = frame.symbol(i);
            long millis = frame.tradedAtMillis(i);
            if (symbol != null && millis >= 0) {
                ranges.computeIfAbsent(symbol, s -> new TimeRange(millis)).include(millis);
            }
        }
    }

    private long roundMillis() {
        long longest =
                ranges.values().stream().mapToLong(TimeRange::length).max().orElse(0);
        long seconds = Math.floorDiv(longest + MILLIS_PER_SECOND - 1, MILLIS_PER_SECOND);
        return (seconds + 1) * MILLIS_PER_SECOND;
    }

    /** The frame; valid until {@link #next()}. */
    MarketFrame frame() {
        return frame;
    }

    /** How long after the frame before it, of the same capture and round, it was received; 0 for the first. */
    long gapMillis() {
        return gapMillis;
    }

    /** Number of the round, 0 for the first. */
    long round() {
        return round;
    }

    @Override
    public void close() {
        if (reader != null) {
            reader.close();
            reader = null;
        }
    }

    private static final class TimeRange {
        private long earliest;
        private long latest;

        TimeRange(long millis) {
            earliest = millis;
            latest = millis;
        }

        void include(long millis) {
            earliest = Math.min(earliest, millis);
            latest = Math.max(latest, millis);
        }

        long length() {
            return latest - earliest;
        }
    }
}
