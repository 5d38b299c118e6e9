package io.tapestream;

import io.tapestream.journal.Journal;
import io.tapestream.kinesis.StreamCheck;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * {@code tapestream replay}: publishes a range of the journal again. Every trade gets the id that it got live, so the
 * table only gains what it lacked.
 */
@Command(
        name = "replay",
        description = "Publishes a range of the journal again; every trade gets the id that it got live.",
        mixinStandardHelpOptions = true)
final class ReplayCommand implements Callable<Integer> {
    @Mixin
    private SettingsOptions options = new SettingsOptions();

    @Option(
            names = "--from",
            paramLabel = JournalRange.LABEL,
            description =
                    "first journal position, or receive time such as 2026-11-25T14:30:00Z (default: the oldest retained)")
    private @Nullable String from;

    @Option(
            names = "--to",
            paramLabel = JournalRange.LABEL,
            description = "where to stop, not included (default: the end of the journal)")
    private @Nullable String to;

    @Option(names = "--json", description = "print the result as one JSON object")
    private boolean json;

    @Override
    public Integer call() throws InterruptedException {
        Settings settings = options.load(false);
        Ingester.Surroundings surroundings = Ingester.Surroundings.of(settings);
        try (Journal journal = JournalCommand.open(settings)) {
            Publisher.Range range = JournalRange.of(journal, from, to);
            if (surroundings.streamCheck().get() != StreamCheck.Answer.READY) {
                throw new CannotStartException("kinesis cannot be reached: stream=" + settings.kinesis().stream()
                        + " (check network, region and endpoint, then try again)");
            }
            Replay replay = new Replay(settings, surroundings.putters(), journal);
            boolean complete = replay.publish(range);
            Map<String, Object> result = result(settings, range, replay.counts());
            System.out.println(
                    json ? Summary.json(result) : Summary.text(result).stripTrailing());
            Throwable cause = replay.failure();
            if (cause != null) {
                System.err.println("replay stopped: " + cause.getMessage()
                        + " (run it again: ids repeat, nothing doubles in the table)");
            }
            return complete ? Main.OK : Main.UNACKNOWLEDGED;
        }
    }

    private static Map<String, Object> result(Settings settings, Publisher.Range range, Counts counts) {
        Map<String, Object> result = new LinkedHashMap<>();
        result.put("env", settings.environment());
        result.put("from", range.from());
        result.put("to", range.to());
        Summary.putRecordCounts(result, counts);
        return result;
    }
}
