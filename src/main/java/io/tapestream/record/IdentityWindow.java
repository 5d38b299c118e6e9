package io.tapestream.record;

/**
 * Which frames and trades of the session were seen in the current segment and the one before it (docs/RECORDS.md,
 * section 3). Hashes stand for the bytes: of a frame, and of a trade's key with the ordinal 0.
 */
final class IdentityWindow {
    private static final long NONE = -1;

    private OccurrenceMap frames = new OccurrenceMap();
    private OccurrenceMap previousFrames = new OccurrenceMap();
    private OccurrenceMap trades = new OccurrenceMap();
    private OccurrenceMap previousTrades = new OccurrenceMap();
    private long segment = NONE;
    private long session = NONE;

    /**
     * Moves the window on to a segment. What was noted stays in it if that was in {@code previousSegment}, the one
     * before in the journal; a segment without frames in between was never told of.
     */
    void onSegment(long previousSegment, long newSegment) {
        if (newSegment == segment) {
            return;
        }
        if (previousSegment == segment) {
            roll();
        } else {
            clear();
        }
        segment = newSegment;
    }

    private void roll() {
        OccurrenceMap spareFrames = previousFrames;
        previousFrames = frames;
        frames = spareFrames;
        frames.clear();
        OccurrenceMap spareTrades = previousTrades;
        previousTrades = trades;
        trades = spareTrades;
        trades.clear();
    }

    private void clear() {
        frames.clear();
        previousFrames.clear();
        trades.clear();
        previousTrades.clear();
    }

    /** Begins to count anew when the session is another one. */
    void onSession(long newSession) {
        if (newSession == session) {
            return;
        }
        clear();
        session = newSession;
    }

    /** Notes a frame; returns whether one with the same bytes is in the window. */
    boolean addFrame(long high, long low) {
        return frames.add(high, low) > 0 || previousFrames.count(high, low) > 0;
    }

    /** Notes a trade by the id that it would have as the first of its kind; returns its ordinal. */
    int addTrade(long high, long low) {
        return trades.add(high, low) + previousTrades.count(high, low);
    }
}
