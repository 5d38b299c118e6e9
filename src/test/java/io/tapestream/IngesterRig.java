package io.tapestream;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.tapestream.feed.FakeVenue;
import io.tapestream.kinesis.Clocks;
import io.tapestream.kinesis.FakeKinesisProducer;
import io.tapestream.kinesis.Producer;
import io.tapestream.kinesis.StreamCheck;
import io.tapestream.kinesis.UserRecordPutter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/** The whole pipeline of an environment in a temporary folder, between a fake venue and a fake producer. */
final class IngesterRig {
    private static final ObjectMapper JSON = new ObjectMapper();

    final Map<String, String> properties = new HashMap<>();
    final Map<String, String> variables = new HashMap<>(Map.of("FINNHUB_API_KEY", "SECRETTOKEN123"));
    StreamCheck.Answer streamAnswer = StreamCheck.Answer.READY;
    Producer producer = FakeKinesisProducer.acknowledging();

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
        InstantSource clock = InstantSource.system();
        Settings settings = settings();
        return new Ingester.Surroundings(
                clock,
                () -> streamAnswer,
                (position, wakeUp, metrics) -> new UserRecordPutter(
                        settings.kinesis(),
                        position,
                        () -> producer,
                        new Clocks(clock, System::nanoTime, new SplittableRandom(7)),
                        wakeUp,
                        metrics));
    }

    Ingester start() {
        Ingester ingester = new Ingester(settings(), surroundings());
        ingester.start();
        return ingester;
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
