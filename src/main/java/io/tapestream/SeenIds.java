package io.tapestream;

import java.nio.ByteBuffer;
import java.util.Base64;

/**
 * The trade ids that were met, to count each once: all of them, up to a bound, or those of a journal segment and the
 * one before it, which is as far apart as sessions overlap.
 */
final class SeenIds {
    private static final int ID_LENGTH = 22;

    private final boolean keepsAll;
    private final int maxIds;
    private IdSet current = new IdSet();
    private IdSet previous = new IdSet();
    private long segment = -1;

    private SeenIds(boolean keepsAll, int maxIds) {
        this.keepsAll = keepsAll;
        this.maxIds = maxIds;
    }

    /** Keeps every id, and refuses more than {@code maxIds}. */
    static SeenIds all(int maxIds) {
        return new SeenIds(true, maxIds);
    }

    /** Keeps the ids of two segments. */
    static SeenIds ofWindow() {
        return new SeenIds(false, Integer.MAX_VALUE);
    }

    /** Takes the id of a trade in a journal segment, in order; returns whether it was not met before. */
    boolean add(String tradeId, long ofSegment) {
        if (ofSegment != segment && !keepsAll) {
            previous = current;
            current = new IdSet();
        }
        segment = ofSegment;
        if (current.size() >= maxIds) {
            throw new CannotStartException("too many ids for a scan: ids=" + maxIds
                    + " (give a smaller range with --from and --to, or raise table.scan-max-ids)");
        }
        ByteBuffer id = ByteBuffer.wrap(Base64.getUrlDecoder().decode(tradeId));
        long high = id.getLong();
        long low = id.getLong();
        return !previous.contains(high, low) && current.add(high, low);
    }

    /** Whether an id, which may be any text, was met and is kept. */
    boolean contains(String tradeId) {
        try {
            ByteBuffer id = ByteBuffer.wrap(Base64.getUrlDecoder().decode(tradeId));
            return tradeId.length() == ID_LENGTH && current.contains(id.getLong(), id.getLong());
        } catch (IllegalArgumentException e) {
            return false; // no id of ours
        }
    }
}
