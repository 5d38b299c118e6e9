package io.tapestream.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Base64;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AnalysisTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final long START_MILLIS = 1_700_000_000_000L;
    private static final Path KPL = Path.of("src/test/resources/payloads/kpl");

    @TempDir
    Path folder;

    private Path received = Path.of("");

    @BeforeEach
    void nameTheLog() {
        received = folder.resolve("received");
    }

    @Test
    void countsEveryTradeOfWhatTheKplAggregated() throws IOException {
        List<String> records = new ArrayList<>();
        JsonNode recorded =
                JSON.readTree(KPL.resolve("kpl-363-user-records.json").toFile());
        recorded.get("stream_records")
                .forEach(r -> records.add(record(r.get("data").textValue())));
        log(START_MILLIS * 1000, new BitSet(), records.toArray(String[]::new));

        Map<String, Object> result = analyse().result();

        assertThat(result).containsEntry("user_records", 363L);
        assertThat((Integer) result.get("distinct_trades")).isGreaterThan(363);
        assertThat(result.get("trades")).isEqualTo(result.get("distinct_trades"));
    }

    @Test
    void aTradeThatCameTwiceIsOneDistinctTrade() throws IOException {
        log(0, new BitSet(), plain(line("A", 0, 0)), plain(line("A", 0, 0) + line("B", 0, 0)));

        Map<String, Object> result = analyse().result();

        assertThat(result).containsEntry("trades", 3).containsEntry("distinct_trades", 2);
        assertThat(result).containsEntry("user_records", 2L).containsEntry("aggregated_records", 0L);
    }

    @Test
    void whatWasRefusedHasNotCome() throws IOException {
        BitSet second = new BitSet();
        second.set(1);
        log(0, second, plain(line("A", 0, 0)), plain(line("B", 0, 0)));

        assertThat(analyse().result())
                .containsEntry("distinct_trades", 1)
                .containsEntry("refused_records", 1L)
                .containsEntry("stream_records", 1L);
    }

    @Test
    void delaysAreOfEachTradeFromWhenItWasDueAndFromItsReceipt() throws IOException {
        log((START_MILLIS + 600) * 1000, new BitSet(), plain(line("A", 0, 520) + line("B", 10, 540)));

        Map<String, Object> result = analyse(500, 0).result();

        assertDelays(result, "receipt_to_acknowledgement", 60_000, 80_000);
        assertDelays(result, "due_to_acknowledgement", 90_000, 100_000);
        assertDelays(result, "due_to_receipt", 20_000, 30_000);
    }

    @Test
    void delaysOfTheWarmUpDoNotCountWhateverCameFirst() throws IOException {
        log((START_MILLIS + 2000) * 1000, new BitSet(), plain(line("C", 1000, 1990)), plain(line("A", 0, 0)));

        assertDelays(analyse(0, 1000).result(), "receipt_to_acknowledgement", 10_000, 10_000);
    }

    @Test
    void tellsWhenTheFirstHalfAndAllHadCome() throws IOException {
        log(1_000_000, new BitSet(), plain(line("A", 0, 0)));
        log(1_500_000, new BitSet(), plain(line("B", 0, 0)));
        log(3_250_000, new BitSet(), plain(line("C", 0, 0) + line("D", 0, 0)));

        Map<String, Object> result = analyse().result();

        assertThat(result)
                .containsEntry("first_micros", 1_000_000L)
                .containsEntry("half_micros", 1_500_000L)
                .containsEntry("last_micros", 3_250_000L);
        assertThat(JSON.valueToTree(result.get("timeline")).toString()).isEqualTo("[[0.0,1.0],[0.5,1.0],[2.2,2.0]]");
    }

    @Test
    void linesOfAnotherRunAreComparedWhole() throws IOException {
        log(0, new BitSet(), plain(line("A", 0, 0) + line("B", 0, 0)));
        Fingerprints ours = analyse().lines();
        Path kept = folder.resolve("lines");
        ours.write(kept);
        Files.delete(received);
        log(0, new BitSet(), plain(line("A", 0, 0)), plain(line("B", 0, 1)), plain(line("B", 0, 1)));

        assertThat(analyse().lines().distinctMissingFrom(Fingerprints.read(kept)))
                .isEqualTo(1);
    }

    @Test
    void damageIsNoLoss() throws IOException {
        JsonNode recorded = JSON.readTree(KPL.resolve("kpl-2-user-records.json").toFile());
        byte[] data = recorded.get("stream_records").get(0).get("data").binaryValue();
        data[data.length / 2] ^= 1;
        log(0, new BitSet(), record(Base64.getEncoder().encodeToString(data)));

        assertThatThrownBy(this::analyse)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("aggregated record damaged: length=" + data.length);
    }

    private static void assertDelays(Map<String, Object> result, String name, long p50, long max) {
        JsonNode delays = JSON.valueToTree(result.get(name));
        assertThat(delays.get("p50").longValue()).isCloseTo(p50, Offset.offset(100L));
        assertThat(delays.get("max").longValue()).isCloseTo(max, Offset.offset(100L));
    }

    private Analysis analyse() throws IOException {
        return analyse(0, 0);
    }

    private Analysis analyse(long dueOffsetMillis, long warmUpMillis) throws IOException {
        Analysis analysis = new Analysis(new Analysis.Options(dueOffsetMillis, warmUpMillis));
        analysis.read(received);
        return analysis;
    }

    /** Writes another request down. */
    private void log(long answeredMicros, BitSet refused, String... records) throws IOException {
        byte[] request = ("{\"StreamName\":\"s\",\"Records\":[" + String.join(",", records) + "]}")
                .getBytes(StandardCharsets.UTF_8);
        Path one = folder.resolve("one");
        try (ReceivedLog log = ReceivedLog.create(one)) {
            log.append(request, request.length, answeredMicros, false, refused);
        }
        Files.write(received, Files.readAllBytes(one), StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }

    private static String plain(String lines) {
        return record(Base64.getEncoder().encodeToString(lines.getBytes(StandardCharsets.UTF_8)));
    }

    private static String record(String data) {
        return "{\"PartitionKey\":\"a\",\"Data\":\"" + data + "\",\"ExplicitHashKey\":\"0\"}";
    }

    private static String line(String id, long tradedAfterMillis, long receivedAfterMillis) {
        return "{\"trade_id\":\"" + id.repeat(22) + "\",\"symbol\":\"X\",\"asset_class\":\"stock\",\"price\":1,"
                + "\"volume\":1,\"traded_at\":" + (START_MILLIS + tradedAfterMillis) + ",\"received_at\":"
                + (START_MILLIS + receivedAfterMillis) + ",\"feed\":\"finnhub\"}\n";
    }
}
