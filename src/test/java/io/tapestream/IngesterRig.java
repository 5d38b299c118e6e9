package io.tapestream;

import com.codahale.metrics.MetricRegistry;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.tapestream.feed.FakeVenue;
import io.tapestream.journal.EntryType;
import io.tapestream.journal.Journal;
import io.tapestream.journal.JournalReader;
import io.tapestream.kinesis.Clocks;
import io.tapestream.kinesis.FakeKinesisProducer;
import io.tapestream.kinesis.KinesisSettings;
import io.tapestream.kinesis.Producer;
import io.tapestream.kinesis.StreamCheck;
import io.tapestream.kinesis.UserRecordPutter;
import io.tapestream.record.RecordPacker;
import io.tapestream.record.RecordSettings;
import io.tapestream.record.UserRecord;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The whole pipeline of an environment in a temporary folder, between a fake venue and a fake producer. */
final class IngesterRig {
    private static final ObjectMapper JSON = new ObjectMapper();

    final Map<String, String> properties = new HashMap<>();
    final Map<String, String> variables = new HashMap<>(Map.of("FINNHUB_API_KEY", "SECRETTOKEN123"));
    StreamCheck.Answer streamAnswer = StreamCheck.Answer.READY;
    Producer producer = FakeKinesisProducer.acknowledging();
    Function<KinesisSettings, Supplier<Producer>> producers = kinesis -> () -> producer;
    InstantSource clock = InstantSource.system();

    private final Path folder;

    IngesterRig(Path folder, FakeVenue venue) {
        this.folder = folder;
        properties.put("feed.uri", venue.uri().toString());
        properties.put("feed.backoff-min", "10ms");
        properties.put("feed.backoff-max", "50ms");
        properties.put("feed.key-lock-directory", folder.resolve("locks").toString());
        properties.put("journal.directory", journal().toString());
        properties.put("journal.segment-length", "64 KiB");
        properties.put("feed.max-message-length", "16 KiB");
        properties.put("status.port", "-1");
        properties.put("run.stop-timeout", "10s");
        try {
            Files.writeString(folder.resolve("test.conf"), "feed.symbols = [AAPL]\n");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Path journal() {
        return folder.resolve("journal");
    }

    Settings settings() {
        return new SettingsLayers(folder, variables, properties).load("test", true);
    }

    Ingester.Surroundings surroundings() {
        Settings settings = settings();
        return new Ingester.Surroundings(
                clock,
                () -> streamAnswer,
                (position, wakeUp, metrics) -> new UserRecordPutter(
                        settings.kinesis(),
                        position,
                        producers.apply(settings.kinesis()),
                        new Clocks(clock, System::nanoTime, new SplittableRandom(7)),
                        wakeUp,
                        metrics));
    }

    Ingester start() {
        Ingester ingester = new Ingester(settings(), surroundings());
        ingester.start();
        return ingester;
    }

    /** Publishes a range of the journal again, as the command does; returns whether all of it was acknowledged. */
    boolean replay(@Nullable String from, @Nullable String to) throws InterruptedException {
        try (Journal journal = Journal.openReadOnly(settings().journal())) {
            return new Replay(settings(), surroundings().putters(), journal)
                    .publish(JournalRange.of(journal, from, to));
        }
    }

    /** The ids of the trades that the journal's frames publish. */
    List<String> journalledIds() {
        return idsByPosition(settings().record(), 0).values().stream()
                .flatMap(List::stream)
                .toList();
    }

    /** The ids of each frame's published trades when reading begins where warming up for {@code from} has to. */
    NavigableMap<Long, List<String>> idsByPosition(RecordSettings record, long from) {
        NavigableMap<Long, List<String>> ids = new TreeMap<>();
        List<UserRecord> records = new ArrayList<>();
        RecordPacker packer = new RecordPacker(record, records::add, new MetricRegistry());
        try (Journal journal = Journal.openReadOnly(journal());
                JournalReader reader = journal.reader(journal.warmUpPosition(from))) {
            while (reader.next()) {
                if (reader.type() != EntryType.FRAME) {
                    continue;
                }
                if (reader.position() < from) {
                    packer.warmUp(reader.frame(), reader.previousSegment(), reader.segment(), reader.position());
                    continue;
                }
                packer.onFrame(reader.frame(), reader.previousSegment(), reader.segment(), reader.position());
                packer.flush();
                ids.put(reader.position(), idsOf(records));
                records.clear();
            }
        }
        return ids;
    }

    private static List<String> idsOf(List<UserRecord> records) {
        List<String> ids = new ArrayList<>();
        for (UserRecord userRecord : records) {
            byte[] bytes = new byte[userRecord.length()];
            userRecord.payload().get(bytes);
            new String(bytes, StandardCharsets.UTF_8).lines().forEach(line -> ids.add(line.substring(13, 35)));
            userRecord.release();
        }
        return ids;
    }

    /** Every trade that a producer was given, as its line's JSON. */
    static List<JsonNode> trades(FakeKinesisProducer producer) {
        List<JsonNode> trades = new ArrayList<>();
        for (String text : producer.texts()) {
            text.lines().forEach(line -> trades.add(json(line)));
        }
        return trades;
    }

    static List<String> ids(FakeKinesisProducer producer) {
        return trades(producer).stream()
                .map(trade -> trade.get("trade_id").textValue())
                .toList();
    }

    /** The messages of a capture in conf/captures. */
    static List<String> captured(String name) {
        try {
            return Files.readAllLines(Path.of("conf/captures", name)).stream()
                    .map(line -> json(line).get("frame").textValue())
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static JsonNode json(String line) {
        try {
            return JSON.readTree(line);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
