package io.tapestream.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.codahale.metrics.MetricRegistry;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.tapestream.journal.EntryType;
import io.tapestream.journal.Journal;
import io.tapestream.journal.JournalReader;
import io.tapestream.journal.JournalSettings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LoadTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int SEGMENT_LENGTH = 64 << 10;
    private static final long START = 1_700_000_000_000L;

    @TempDir
    Path folder;

    private final List<EntryType> types = new ArrayList<>();
    private final List<String> frames = new ArrayList<>();
    private final List<Long> receivedAt = new ArrayList<>();

    @Test
    void hasAsManyTradesAsItWasAskedForAndTellsHowMany() {
        Load.Written written = write(1000, 0, 0, Duration.ZERO);

        assertThat(trades()).hasSize(Math.toIntExact(written.trades()));
        assertThat(written.trades()).isBetween(1000L, 1020L);
        assertThat(written.frames()).isEqualTo(frames.size());
        assertThat(written.bytes())
                .isEqualTo(frames.stream().mapToInt(String::length).sum());
        assertThat(types).startsWith(EntryType.SESSION_OPENED).endsWith(EntryType.SESSION_CLOSED);
    }

    @Test
    void repeatsNoFrameHoweverOftenTheCapturesGoRound() {
        write(10_000, 0, 0, Duration.ZERO);

        assertThat(frames).doesNotHaveDuplicates();
    }

    @Test
    void keepsEveryByteOfACapturedFrameButTheTimes() {
        write(1, 0, 0, Duration.ZERO);

        String captured = new String(MarketBuilder.framesOf(MarketBuilder.AAPL).get(0), StandardCharsets.UTF_8);
        assertThat(frames.get(0)).isEqualTo(captured.replaceAll("\"t\":\\d+", "\"t\":" + START));
    }

    @Test
    void isDueAtItsRateAndItsTradesAreOfThatTime() {
        write(2000, 500, 0, Duration.ZERO);

        int earlier = 0;
        for (int i = 0; i < frames.size(); i++) {
            assertThat(receivedAt.get(i)).isEqualTo(START + earlier * 2L);
            for (JsonNode trade : tradesOf(frames.get(i))) {
                assertThat(trade.get("t").longValue()).isEqualTo(receivedAt.get(i));
                earlier++;
            }
        }
    }

    @Test
    void leadsInWithFourFramesASecond() {
        write(100, 1000, 0, Duration.ofSeconds(1));

        assertThat(receivedAt).startsWith(START, START + 250, START + 500, START + 750, START + 1000);
    }

    @Test
    void fallsOnAsManySymbolsAsItWasAskedFor() {
        Load.Written written = write(2000, 0, 7, Duration.ZERO);

        Set<String> found = new TreeSet<>();
        trades().forEach(trade -> found.add(trade.get("s").textValue()));
        assertThat(found).hasSize(7).isEqualTo(written.symbols());
        assertThat(found).contains("BINANCE:S00000USDT", "BINANCE:S00006USDT");
    }

    @Test
    void isTheSameLoadEachTime() {
        write(3000, 0, 100, Duration.ZERO);
        List<String> first = List.copyOf(frames);
        folder = folder.resolve("again");
        frames.clear();
        write(3000, 0, 100, Duration.ZERO);

        assertThat(frames).isEqualTo(first);
    }

    @Test
    void refusesCapturesWithoutTrades() {
        Path capture = MarketBuilder.capture(folder.resolve("c.ndjson"), "{\"type\":\"ping\"}", "{\"data\":[");

        assertThatThrownBy(() -> write(new LoadSettings(List.of(capture), 1, 0, 0, Duration.ZERO)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("captures hold no frame of trades: captures=[" + capture + "]");
    }

    @Test
    void refusesSettingsThatMeanNothing() {
        assertRefused("trades not positive: value=0", 0, 0, 0);
        assertRefused("rate not usable: value=-1.0 (expected: 0 or more)", 1, -1, 0);
        assertRefused("too many symbols: value=100000 (expected: 0 to 99999)", 1, 0, 100_000);
    }

    private static void assertRefused(String message, long trades, double rate, int symbols) {
        assertThatThrownBy(() -> new LoadSettings(List.of(), trades, rate, symbols, Duration.ZERO))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
    }

    private Load.Written write(long trades, double rate, int symbols, Duration leadIn) {
        return write(
                new LoadSettings(List.of(MarketBuilder.AAPL, MarketBuilder.CRYPTO), trades, rate, symbols, leadIn));
    }

    private Load.Written write(LoadSettings load) {
        JournalSettings settings = new JournalSettings(
                folder.resolve("journal"),
                "load",
                "finnhub",
                "stream",
                SEGMENT_LENGTH,
                SEGMENT_LENGTH / 4,
                1 << 30,
                1 << 30,
                Duration.ofDays(2),
                Duration.ofSeconds(1));
        try (Journal journal = Journal.open(settings, InstantSource.system(), new MetricRegistry())) {
            Load.Written written = Load.write(load, "finnhub", journal, START);
            read(journal);
            return written;
        }
    }

    private void read(Journal journal) {
        types.clear();
        receivedAt.clear();
        try (JournalReader reader = journal.reader(0)) {
            while (reader.next()) {
                types.add(reader.type());
                if (reader.type() == EntryType.FRAME) {
                    byte[] bytes = new byte[reader.frame().length()];
                    reader.frame().buffer().get(reader.frame().offset(), bytes);
                    frames.add(new String(bytes, StandardCharsets.UTF_8));
                    receivedAt.add(reader.frame().receivedAtMillis());
                }
            }
        }
    }

    private List<JsonNode> trades() {
        List<JsonNode> trades = new ArrayList<>();
        frames.forEach(frame -> tradesOf(frame).forEach(trades::add));
        return trades;
    }

    private static JsonNode tradesOf(String frame) {
        try {
            return JSON.readTree(frame).get("data");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
