package io.tapestream;

import io.tapestream.journal.Journal;
import io.tapestream.table.TableReader;
import io.tapestream.table.TableRefusedException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * {@code tapestream reconcile}: compares the journal's trades with the table's items, also beside a running ingester.
 */
@Command(
        name = "reconcile",
        description = {
            "Compares the journal's trades with the table's items, also while the ingester runs.",
            "Every trade that the range has published is looked up by its id and compared in all but its receive time."
                    + " An id that comes again within a journal segment and the one before it counts once in 'distinct',"
                    + " with --scan wherever it comes. 'found' is 'distinct' without 'missing', and holds 'different'.",
            "The range should end before what is still on its way to the table: beside a running ingester give --to, a"
                    + " time a few minutes ago. What a time to live has removed from the table counts as missing."
        },
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:all is in the table as it should be",
            "1:something is missing, different or unexpected",
            "2:usage or configuration",
            "3:journal or table cannot be read, for a named reason"
        },
        mixinStandardHelpOptions = true)
final class ReconcileCommand implements Callable<Integer> {
    private static final int NOT_ALL = 1;

    @Mixin
    private SettingsOptions options = new SettingsOptions();

    @Option(
            names = "--from",
            paramLabel = JournalRange.LABEL,
            description = "first journal position, or receive time such as 2026-11-25T14:30:00Z (default: the oldest"
                    + " retained, or two segments later where older ones are deleted, which ids need)")
    private @Nullable String from;

    @Option(
            names = "--to",
            paramLabel = JournalRange.LABEL,
            description = "where to stop, not included (default: the end of the journal)")
    private @Nullable String to;

    @Option(
            names = "--scan",
            description =
                    "also read the whole table for unexpected items: of this feed, received between the range's first"
                            + " and last frame, and with an id that no trade of the range has. Another ingester of the feed writes"
                            + " such items too. Holds all ids, 24 to 48 bytes each, up to table.scan-max-ids")
    private boolean scan;

    @Option(names = "--json", description = "print the result as one JSON object")
    private boolean json;

    @Override
    public Integer call() throws InterruptedException {
        Settings settings = options.load(false);
        try (Journal journal = JournalCommand.open(settings);
                TableReader table =
                        TableReader.open(settings.table(), TimeUnit.NANOSECONDS::sleep, new SplittableRandom())) {
            Publisher.Range range = range(journal);
            Findings findings = compare(settings, journal, range, table);
            Map<String, Object> result = new LinkedHashMap<>();
            result.put("env", settings.environment());
            result.put("table", settings.table().name());
            result.put("from", range.from());
            result.put("to", range.to());
            result.putAll(findings.counts());
            System.out.println(
                    json ? Summary.json(result) : Summary.text(result).stripTrailing());
            explain(findings, journal.checkpoint());
            return findings.isClean() ? Main.OK : NOT_ALL;
        } catch (TableRefusedException e) {
            throw new CannotStartException(e);
        }
    }

    private Publisher.Range range(Journal journal) {
        Publisher.Range given = JournalRange.of(journal, from, to);
        long identity = journal.identityPosition();
        if (from == null) {
            return new Publisher.Range(Math.max(given.from(), Math.min(identity, given.to())), given.to());
        }
        if (given.from() < identity) {
            System.err.println("ids of repeated trades below position=" + identity
                    + " may come out wrong: segments before them are deleted (give a later --from)");
        }
        return given;
    }

    private Findings compare(Settings settings, Journal journal, Publisher.Range range, TableReader table)
            throws InterruptedException {
        try (ExpectedTrades trades = new ExpectedTrades(journal, range, settings.record())) {
            return scan
                    ? Reconciliation.withScan(
                            trades,
                            table,
                            settings.record().feed(),
                            settings.table().scanMaxIds())
                    : Reconciliation.of(trades, table);
        }
    }

    private void explain(Findings findings, long checkpoint) {
        findings.examples().forEach(System.err::println);
        Publisher.Range toRepair = findings.toRepair();
        if (toRepair.to() == 0) {
            return;
        }
        System.err.println("to publish what is missing or different again: tapestream replay --env "
                + options.environment() + " --from " + toRepair.from() + " --to " + toRepair.to());
        if (toRepair.to() > checkpoint) {
            System.err.println("from position=" + checkpoint
                    + " on nothing is acknowledged yet: the ingester publishes that by itself");
        }
    }
}
