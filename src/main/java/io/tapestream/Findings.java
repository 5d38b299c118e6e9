package io.tapestream;

import io.tapestream.table.TradeItem;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What a comparison of journal and table has found: counts, and the first of each kind in words. */
final class Findings {
    private static final int EXAMPLES = 10;

    private final boolean hasScanned;
    private final List<String> examples = new ArrayList<>();
    private long expected;
    private long distinct;
    private long found;
    private long missing;
    private long different;
    private long unexpected;
    private long firstPosition = Long.MAX_VALUE;
    private long lastPosition = -1;

    Findings(boolean hasScanned) {
        this.hasScanned = hasScanned;
    }

    void onExpected(boolean isNew) {
        expected++;
        distinct += isNew ? 1 : 0;
    }

    void onFound() {
        found++;
    }

    void onMissing(ExpectedTrades.Expected trade) {
        if (++missing <= EXAMPLES) {
            examples.add("missing " + words(trade.item()) + " position=" + trade.position());
        }
        toRepair(trade);
    }

    void onDifferent(ExpectedTrades.Expected trade, List<String> attributes) {
        found++;
        if (++different <= EXAMPLES) {
            examples.add("different " + words(trade.item()) + " position=" + trade.position() + " attributes="
                    + String.join(",", attributes));
        }
        toRepair(trade);
    }

    void onUnexpected(TradeItem item) {
        if (++unexpected <= EXAMPLES) {
            examples.add("unexpected " + words(item) + " received_at=" + item.text("received_at"));
        }
    }

    private void toRepair(ExpectedTrades.Expected trade) {
        firstPosition = Math.min(firstPosition, trade.position());
        lastPosition = Math.max(lastPosition, trade.position());
    }

    private static String words(TradeItem item) {
        return "trade_id=" + item.tradeId() + " symbol=" + item.text("symbol") + " traded_at=" + item.text("traded_at");
    }

    /** Whether the table holds what the journal says, and as far as was looked, nothing else. */
    boolean isClean() {
        return missing == 0 && different == 0 && unexpected == 0;
    }

    /** The first of each kind, a line each. */
    List<String> examples() {
        return List.copyOf(examples);
    }

    /** The range that holds every missing or different trade; empty if there is none. */
    Publisher.Range toRepair() {
        return lastPosition < 0 ? new Publisher.Range(0, 0) : new Publisher.Range(firstPosition, lastPosition + 1);
    }

    /** The counts, under the names that they are printed with. */
    Map<String, Object> counts() {
        Map<String, Object> counts = new LinkedHashMap<>();
        counts.put("expected", expected);
        counts.put("distinct", distinct);
        counts.put("found", found);
        counts.put("missing", missing);
        counts.put("different", different);
        counts.put("unexpected", hasScanned ? unexpected : null);
        return counts;
    }
}
