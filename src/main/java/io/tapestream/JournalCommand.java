package io.tapestream;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.tapestream.journal.Coverage;
import io.tapestream.journal.EntryType;
import io.tapestream.journal.Gap;
import io.tapestream.journal.Journal;
import io.tapestream.journal.JournalAudit;
import io.tapestream.journal.JournalMismatchException;
import io.tapestream.journal.JournalReader;
import io.tapestream.replay.CaptureWriter;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code tapestream journal}: looks into a journal, also while it is being written. */
@Command(
        name = "journal",
        description = "Looks into the journal of an environment, also while it is being written.",
        mixinStandardHelpOptions = true)
final class JournalCommand implements Runnable {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int DAMAGED = 1;

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public void run() {
        if (spec != null) {
            throw new ParameterException(spec.commandLine(), "no subcommand (expected: export, verify or gaps)");
        }
    }

    @Command(
            name = "export",
            description = "Writes frames as a capture: NDJSON, one frame a line.",
            mixinStandardHelpOptions = true)
    int export(
            @Mixin SettingsOptions options,
            @Option(
                            names = "--from",
                            paramLabel = JournalRange.LABEL,
                            description = "first frame (default: the oldest)")
                    @Nullable String from,
            @Option(
                            names = "--to",
                            paramLabel = JournalRange.LABEL,
                            description = "where to stop, not included (default: the end)")
                    @Nullable String to,
            @Option(
                            names = "--out",
                            paramLabel = "FILE",
                            description = "new file, gzip if its name ends in .gz (default: stdout)")
                    @Nullable Path out) {
        return withJournal(options, (settings, journal) -> {
            Publisher.Range range = JournalRange.of(journal, from, to);
            try (CaptureWriter writer = out == null
                    ? CaptureWriter.to(new FileOutputStream(FileDescriptor.out))
                    : CaptureWriter.create(out)) {
                long frames = writer.writeRange(settings.journal().directory(), range.from(), range.to());
                System.err.println("exported frames=" + frames + " from=" + range.from() + " to=" + range.to());
            }
            return Main.OK;
        });
    }

    @Command(
            name = "verify",
            description = "Checks every entry; exit code 1 if one is damaged.",
            mixinStandardHelpOptions = true)
    int verify(
            @Mixin SettingsOptions options,
            @Option(names = "--json", description = "print one JSON object") boolean json) {
        return withJournal(options, (settings, journal) -> {
            JournalAudit audit = JournalAudit.of(journal);
            Map<String, Object> result = new LinkedHashMap<>();
            result.put("journal", settings.journal().directory().toString());
            result.put("whole", audit.isWhole());
            result.put("segments", audit.segments());
            for (EntryType type : EntryType.values()) {
                result.put(type.name().toLowerCase(Locale.ROOT), audit.entries().getOrDefault(type, 0L));
            }
            result.put("frame_bytes", audit.frameBytes());
            result.put("holes", audit.holes());
            result.put("hole_bytes", audit.holeBytes());
            result.put("torn_bytes", audit.tornBytes());
            result.put("start_position", audit.startPosition());
            result.put("checkpoint", audit.checkpoint());
            result.put("end_position", audit.endPosition());
            System.out.println(
                    json ? Summary.json(result) : Summary.text(result).stripTrailing());
            return audit.isWhole() ? Main.OK : DAMAGED;
        });
    }

    @Command(
            name = "gaps",
            description = "Lists the stretches that the journal does not cover, with reason and symbols.",
            mixinStandardHelpOptions = true)
    int gaps(
            @Mixin SettingsOptions options,
            @Option(names = "--json", description = "print one JSON object a line") boolean json) {
        return withJournal(options, (settings, journal) -> {
            boolean isWritten = journal.isWritten();
            try (JournalReader reader = journal.reader(journal.startPosition())) {
                Coverage.list(
                        reader, isWritten, gap -> System.out.println(json ? Summary.json(fields(gap)) : line(gap)));
            }
            return Main.OK;
        });
    }

    private static Map<String, Object> fields(Gap gap) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("from", Instant.ofEpochMilli(gap.fromMillis()).toString());
        fields.put(
                "to",
                gap.toMillis().isPresent()
                        ? Instant.ofEpochMilli(gap.toMillis().getAsLong()).toString()
                        : null);
        fields.put(
                "seconds",
                gap.toMillis().isPresent() ? (gap.toMillis().getAsLong() - gap.fromMillis()) / 1000.0 : null);
        fields.put("reason", gap.reason());
        fields.put("from_position", gap.fromPosition());
        fields.put("to_position", gap.toPosition());
        fields.put("symbols", symbols(gap.sessionSettings()));
        return fields;
    }

    private static String line(Gap gap) {
        Map<String, Object> fields = fields(gap);
        StringBuilder line = new StringBuilder("gap");
        fields.forEach((name, value) ->
                line.append(' ').append(name).append('=').append(value == null ? "still-open" : value));
        return line.toString();
    }

    private static List<String> symbols(String sessionSettings) {
        List<String> symbols = new ArrayList<>();
        try {
            for (JsonNode symbol : JSON.readTree(sessionSettings).path("symbols")) {
                symbols.add(symbol.asText());
            }
        } catch (JsonProcessingException e) {
            return List.of();
        }
        return symbols;
    }

    /** What a subcommand does with the journal; returns the exit code. */
    private interface Look {
        int at(Settings settings, Journal journal);
    }

    private static int withJournal(SettingsOptions options, Look look) {
        Settings settings = options.load(false);
        try (Journal journal = open(settings)) {
            return look.at(settings, journal);
        } catch (UncheckedIOException e) {
            throw new CannotStartException(e);
        }
    }

    /** Opens an existing journal of the environment to read only. */
    static Journal open(Settings settings) {
        Path directory = settings.journal().directory();
        if (!Files.isDirectory(directory)) {
            throw new CannotStartException(
                    "no journal: directory=" + directory + " (run the environment first, or set journal.directory)");
        }
        try {
            return Journal.openReadOnly(settings.journal());
        } catch (JournalMismatchException e) {
            throw new SettingsException(e);
        }
    }
}
