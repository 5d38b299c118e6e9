package io.tapestream;

import io.tapestream.table.TableReader;
import io.tapestream.table.TradeItem;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Compares the trades that a range of the journal has published with the table's items, a batch at a time.
 *
 * <p>A batch is read eventually consistently; what then seems missing or different is read again, consistently, before
 * it is said to be: as certain as reading all consistently, at half the price.
 */
final class Reconciliation {
    private final TableReader table;
    private final SeenIds seen;
    private final Findings findings;
    private final Map<String, ExpectedTrades.Expected> batch = new LinkedHashMap<>();

    private Reconciliation(TableReader table, SeenIds seen, Findings findings) {
        this.table = table;
        this.seen = seen;
        this.findings = findings;
    }

    /** Looks for every expected trade. */
    static Findings of(ExpectedTrades trades, TableReader table) throws InterruptedException {
        return new Reconciliation(table, SeenIds.ofWindow(), new Findings(false)).compare(trades);
    }

    /**
     * Looks for every expected trade, and then for items that are not expected: those of the feed, received within the
     * range's time, whose ids no trade of the range has.
     *
     * @param maxIds most ids that may be held for it
     */
    static Findings withScan(ExpectedTrades trades, TableReader table, String feed, int maxIds)
            throws InterruptedException {
        Reconciliation reconciliation = new Reconciliation(table, SeenIds.all(maxIds), new Findings(true));
        reconciliation.compare(trades);
        reconciliation.scan(feed, trades.span());
        return reconciliation.findings;
    }

    private Findings compare(ExpectedTrades trades) throws InterruptedException {
        for (ExpectedTrades.Expected trade = trades.next(); trade != null; trade = trades.next()) {
            boolean isNew = seen.add(trade.item().tradeId(), trade.segment());
            findings.onExpected(isNew);
            if (isNew) {
                batch.put(trade.item().tradeId(), trade);
            }
            if (batch.size() == TableReader.MAX_IDS) {
                compareBatch();
            }
        }
        compareBatch();
        return findings;
    }

    private void compareBatch() throws InterruptedException {
        Map<String, TradeItem> items = table.read(batch.keySet(), false);
        List<String> suspects = new ArrayList<>();
        batch.forEach((id, trade) -> {
            TradeItem item = items.get(id);
            if (item == null || !trade.item().differencesOf(item).isEmpty()) {
                suspects.add(id);
            }
        });
        items.putAll(table.read(suspects, true));
        batch.forEach((id, trade) -> judge(trade, items.get(id)));
        batch.clear();
    }

    private void judge(ExpectedTrades.Expected trade, @Nullable TradeItem item) {
        if (item == null) {
            findings.onMissing(trade);
            return;
        }
        List<String> differences = trade.item().differencesOf(item);
        if (differences.isEmpty()) {
            findings.onFound();
        } else {
            findings.onDifferent(trade, differences);
        }
    }

    private void scan(String feed, ExpectedTrades.Span span) throws InterruptedException {
        if (span.isEmpty()) {
            return;
        }
        table.scan(feed, span.firstMillis(), span.lastMillis(), item -> {
            if (!seen.contains(item.tradeId())) {
                findings.onUnexpected(item);
            }
        });
    }
}
