package io.tapestream;

import com.codahale.metrics.MetricRegistry;
import io.tapestream.journal.Journal;
import io.tapestream.journal.JournalSettings;
import io.tapestream.replay.CaptureException;
import io.tapestream.replay.Load;
import io.tapestream.replay.LoadSettings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code tapestream load}: makes a journal of captured trades, to be played by a market or to be caught up with. */
@Command(
        name = "load",
        description = "Makes a journal of captured trades at a rate, for `market` to play or `run` to catch up with.",
        mixinStandardHelpOptions = true)
final class LoadCommand implements Callable<Integer> {
    @Mixin
    private SettingsOptions options = new SettingsOptions();

    @Option(
            names = "--capture",
            paramLabel = "FILE",
            required = true,
            arity = "1..*",
            description = "capture whose frames are used, again and again: as `market` takes them")
    private List<Path> captures = new ArrayList<>();

    @Option(
            names = "--into",
            paramLabel = "DIR",
            required = true,
            description = "folder of the journal, new or empty: what is there is never added to")
    private Path folder = Path.of("");

    @Option(names = "--trades", paramLabel = "N", required = true, description = "how many trades, at least")
    private long trades;

    @Option(
            names = "--rate",
            paramLabel = "N",
            defaultValue = "0",
            description = "trades a second; 0: all at once (default: ${DEFAULT-VALUE})")
    private double rate;

    @Option(
            names = "--symbols",
            paramLabel = "N",
            defaultValue = "0",
            description = "made-up symbols that they fall on; 0: the captured ones (default: ${DEFAULT-VALUE})")
    private int symbols;

    @Option(
            names = "--lead-in",
            paramLabel = "DURATION",
            defaultValue = "0s",
            description = "time before the load in which four frames a second come (default: ${DEFAULT-VALUE})")
    private Duration leadIn = Duration.ZERO;

    @Option(names = "--json", description = "print the result as one JSON object")
    private boolean json;

    @Override
    public Integer call() {
        Settings settings = options.load(false);
        try {
            LoadSettings load = new LoadSettings(captures, trades, rate, symbols, leadIn);
            checkEmpty();
            Map<String, Object> result = result(write(settings, load));
            System.out.println(
                    json ? Summary.json(result) : Summary.text(result).stripTrailing());
            return Main.OK;
        } catch (IllegalArgumentException e) {
            throw new SettingsException(List.of(String.valueOf(e.getMessage())));
        } catch (CaptureException | UncheckedIOException e) {
            throw new CannotStartException(e);
        }
    }

    private Load.Written write(Settings settings, LoadSettings load) {
        InstantSource clock = InstantSource.system();
        JournalSettings journalSettings = in(settings.journal());
        try (Journal journal = Journal.open(journalSettings, clock, new MetricRegistry())) {
            return Load.write(load, settings.record().feed(), journal, clock.millis());
        }
    }

    private JournalSettings in(JournalSettings given) {
        return new JournalSettings(
                folder,
                given.environment(),
                given.feed(),
                given.stream(),
                given.segmentLength(),
                given.maxEntryLength(),
                given.maxBytes(),
                given.retainBytes(),
                given.retainFor(),
                given.syncInterval());
    }

    private void checkEmpty() {
        if (!Files.exists(folder)) {
            return;
        }
        try (Stream<Path> files = Files.list(folder)) {
            if (files.findAny().isPresent()) {
                throw new SettingsException(
                        List.of("folder not empty: path=" + folder + " (a load goes into a folder of its own)"));
            }
        } catch (IOException e) {
            throw new UncheckedIOException("folder not readable: path=" + folder, e);
        }
    }

    private static Map<String, Object> result(Load.Written written) {
        Map<String, Object> result = new LinkedHashMap<>();
        result.put("trades", written.trades());
        result.put("frames", written.frames());
        result.put("bytes", written.bytes());
        result.put("start", written.startMillis());
        result.put("symbols", written.symbols());
        return result;
    }
}
