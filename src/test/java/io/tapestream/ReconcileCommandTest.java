package io.tapestream;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.codahale.metrics.MetricRegistry;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tapestream.journal.EntryType;
import io.tapestream.journal.Journal;
import io.tapestream.journal.JournalReader;
import io.tapestream.record.RecordPacker;
import io.tapestream.record.UserRecord;
import io.tapestream.table.FakeTable;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code tapestream reconcile} on a journal that is still being written, against a fake table. */
class ReconcileCommandTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final List<String> AAPL = IngesterRig.captured("finnhub-aapl-20230331.ndjson");
    private static final int AAPL_TRADES = 61;
    private static final long BEGIN = 1_680_286_540_000L;
    private static final int ALL = 0;
    private static final int NOT_ALL = 1;
    private static final int CANNOT_START = 3;

    @TempDir
    Path folder;

    private final Map<String, String> credentials =
            new TreeMap<>(Map.of("aws.accessKeyId", "test", "aws.secretAccessKey", "test"));
    private final PrintStream stdout = System.out;
    private final PrintStream stderr = System.err;
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    private FakeTable table;
    private Journal journal;
    private long now = BEGIN;

    @BeforeEach
    void start() throws IOException {
        credentials.forEach(System::setProperty);
        table = FakeTable.start();
        Files.writeString(
                folder.resolve("test.conf"),
                "feed.symbols = [AAPL]\njournal.directory = \"" + folder.resolve("journal")
                        + "\"\njournal.segment-length = 64 KiB\nfeed.max-message-length = 16 KiB\ntable.endpoint = \""
                        + table.uri() + "\"\n");
        journal = Journal.open(settings().journal(), InstantSource.system(), new MetricRegistry());
    }

    @AfterEach
    void stop() {
        journal.close();
        table.close();
        credentials.keySet().forEach(System::clearProperty);
    }

    private Settings settings() {
        return new SettingsLayers(folder, Map.of(), Map.of()).load("test", false);
    }

    /**
     * Journals the messages as one session, two each second in its first millisecond; returns the positions before each
     * and after all.
     */
    private List<Long> receive(List<String> messages) {
        List<Long> positions = new ArrayList<>();
        journal.appender().openSession(false, "{}".getBytes(UTF_8), now);
        for (String message : messages) {
            now += positions.size() % 2 == 0 ? 1000 : 0;
            positions.add(journal.endPosition());
            journal.appender().append(EntryType.FRAME, ByteBuffer.wrap(message.getBytes(UTF_8)), now);
            journal.maintain(0, false);
        }
        positions.add(journal.endPosition());
        journal.appender().append(EntryType.SESSION_CLOSED, ByteBuffer.wrap("test".getBytes(UTF_8)), now);
        return positions;
    }

    /** The lines that the journal's frames have become. */
    private List<JsonNode> lines() {
        List<JsonNode> lines = new ArrayList<>();
        RecordPacker packer =
                new RecordPacker(settings().record(), r -> lines.addAll(linesOf(r)), new MetricRegistry());
        try (JournalReader reader = journal.reader(0)) {
            while (reader.next()) {
                if (reader.type() == EntryType.FRAME) {
                    packer.onFrame(reader.frame(), reader.previousSegment(), reader.segment(), reader.position());
                    packer.flush();
                }
            }
        }
        return lines;
    }

    private static List<JsonNode> linesOf(UserRecord userRecord) {
        return UTF_8.decode(userRecord.payload())
                .toString()
                .lines()
                .map(ReconcileCommandTest::json)
                .toList();
    }

    private static JsonNode json(String text) {
        try {
            return JSON.readTree(text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void storeAll() {
        lines().forEach(table::store);
    }

    private static String id(JsonNode line) {
        return line.get("trade_id").textValue();
    }

    /** Runs the command and returns its exit code. */
    private int reconcile(String... arguments) {
        List<String> all = new ArrayList<>(List.of("reconcile", "--env", "test", "--conf", folder.toString()));
        all.addAll(List.of(arguments));
        out.reset();
        err.reset();
        System.setOut(new PrintStream(out, true, UTF_8));
        System.setErr(new PrintStream(err, true, UTF_8));
        try {
            return Main.commandLine().setErr(new PrintWriter(err, true, UTF_8)).execute(all.toArray(String[]::new));
        } finally {
            System.setOut(stdout);
            System.setErr(stderr);
        }
    }

    private JsonNode result() {
        return json(out.toString(UTF_8));
    }

    private List<String> talk(String beginning) {
        return err.toString(UTF_8)
                .lines()
                .filter(line -> line.startsWith(beginning))
                .toList();
    }

    private void assertCounts(String counts) {
        JsonNode expected = json(counts);
        expected.properties()
                .forEach(count -> assertThat(result().get(count.getKey()))
                        .as(count.getKey())
                        .isEqualTo(count.getValue()));
    }

    @Test
    void allIsInTheTable() {
        receive(AAPL);
        storeAll();

        assertThat(reconcile("--json")).isEqualTo(ALL);

        assertCounts(
                "{\"expected\":61,\"distinct\":61,\"found\":61,\"missing\":0,\"different\":0,\"unexpected\":null}");
        assertThat(result().get("table").textValue()).isEqualTo("ProcessedTradesDynamoDB");
        assertThat(result().get("to").longValue()).isEqualTo(journal.endPosition());
        assertThat(err.toString(UTF_8)).isEmpty();
    }

    @Test
    void aMissingTradeIsNamedWithTheRangeThatPublishesItAgain() {
        List<Long> positions = receive(AAPL);
        storeAll();
        JsonNode last = lines().get(AAPL_TRADES - 1);
        table.remove(id(last));

        assertThat(reconcile()).isEqualTo(NOT_ALL);

        assertThat(out.toString(UTF_8)).containsPattern("found +60").containsPattern("missing +1");
        long position = positions.get(AAPL.size() - 1);
        assertThat(talk("missing "))
                .containsExactly("missing trade_id=" + id(last) + " symbol=AAPL traded_at=" + last.get("traded_at")
                        + " position=" + position);
        assertThat(talk("to publish "))
                .containsExactly("to publish what is missing or different again: tapestream replay --env test --from "
                        + position + " --to " + (position + 1));
    }

    @Test
    void tenOfManyMissingTradesAreNamed() {
        receive(AAPL);

        assertThat(reconcile("--json")).isEqualTo(NOT_ALL);

        assertCounts("{\"distinct\":61,\"found\":0,\"missing\":61}");
        assertThat(talk("missing ")).hasSize(10);
    }

    @Test
    void whatIsNotAcknowledgedYetIsSaidToBe() {
        receive(AAPL);

        reconcile();
        assertThat(talk("from position=0 on nothing is acknowledged yet")).hasSize(1);

        journal.maintain(journal.endPosition(), true);
        reconcile();
        assertThat(talk("from position=")).isEmpty();
    }

    @Test
    void anItemThatDiffersIsNamedWithItsAttributes() {
        receive(AAPL);
        storeAll();
        ObjectNode line = (ObjectNode) lines().get(0);
        table.store(line.put("price", 1).put("symbol", "MSFT"));

        assertThat(reconcile("--json")).isEqualTo(NOT_ALL);

        assertCounts("{\"found\":61,\"missing\":0,\"different\":1}");
        assertThat(talk("different "))
                .singleElement()
                .asString()
                .contains("trade_id=" + id(line) + " symbol=AAPL ")
                .endsWith(" attributes=symbol,price");
        assertThat(talk("to publish ")).hasSize(1);
    }

    @Test
    void anotherReceiveTimeIsNoDifference() {
        receive(AAPL);
        lines().forEach(line -> table.store(((ObjectNode) line).put("received_at", 1)));

        assertThat(reconcile()).isEqualTo(ALL);
    }

    @Test
    void whatOnlyAConsistentReadSeesIsNotMissing() {
        receive(AAPL);
        lines().forEach(table::storeLately);

        assertThat(reconcile("--json")).isEqualTo(ALL);

        assertCounts("{\"found\":61,\"missing\":0}");
    }

    @Test
    void tradesThatTwoSessionsReceivedCountOnce() {
        receive(AAPL);
        receive(AAPL);
        storeAll();

        assertThat(reconcile("--json")).isEqualTo(ALL);

        assertCounts("{\"expected\":122,\"distinct\":61,\"found\":61}");
    }

    @Test
    void aFrameDeliveredAgainIsNotExpected() {
        receive(List.of(AAPL.get(0), AAPL.get(0)));
        storeAll();
        int trades = lines().size();

        assertThat(reconcile("--json")).isEqualTo(ALL);

        assertThat(result().get("expected").intValue()).isEqualTo(trades);
    }

    @Test
    void aRangeIsComparedWithIdsAsTheyCameOutLive() {
        receive(AAPL);
        List<Long> positions = receive(AAPL);
        storeAll();

        assertThat(reconcile(
                        "--json",
                        "--from",
                        positions.get(0).toString(),
                        "--to",
                        positions.get(3).toString()))
                .isEqualTo(ALL);

        assertThat(result().get("expected").intValue()).isBetween(1, AAPL_TRADES - 1);
        assertCounts("{\"missing\":0,\"different\":0}");
    }

    @Test
    void moreTradesThanABatchAreAllLookedUp() {
        receive(IngesterRig.captured("crypto-in-finnhub-shape.ndjson"));
        storeAll();
        JsonNode middle = lines().get(lines().size() / 2);
        table.remove(id(middle));

        assertThat(reconcile("--json")).isEqualTo(NOT_ALL);

        assertThat(result().get("distinct").intValue()).isGreaterThan(600);
        assertCounts("{\"missing\":1}");
        assertThat(talk("missing ")).singleElement().asString().contains(id(middle));
    }

    @Test
    void aScanFindsItemsOfTheFeedAndTimeThatNoTradeExplains() {
        receive(AAPL);
        storeAll();
        store("AAAAAAAAAAAAAAAAAAAAAA", "finnhub", now - 1);
        store("no id of ours", "finnhub", now);
        store("BAAAAAAAAAAAAAAAAAAAAA", "elsewhere", now - 1);
        store("CAAAAAAAAAAAAAAAAAAAAA", "finnhub", now + 1);
        store("DAAAAAAAAAAAAAAAAAAAAA", "finnhub", BEGIN);

        assertThat(reconcile("--json", "--scan")).isEqualTo(NOT_ALL);

        assertCounts("{\"missing\":0,\"unexpected\":2}");
        assertThat(talk("unexpected "))
                .containsExactly(
                        "unexpected trade_id=AAAAAAAAAAAAAAAAAAAAAA symbol=X traded_at=1 received_at=" + (now - 1),
                        "unexpected trade_id=no id of ours symbol=X traded_at=1 received_at=" + now);
        assertThat(talk("to publish ")).isEmpty();
    }

    private void store(String id, String feed, long receivedAtMillis) {
        table.store(JSON.createObjectNode()
                .put("trade_id", id)
                .put("symbol", "X")
                .put("traded_at", 1)
                .put("received_at", receivedAtMillis)
                .put("feed", feed));
    }

    @Test
    void aScanOfARangeLeavesTheMillisecondsThatItSharesWithOthers() {
        List<Long> positions = receive(AAPL);
        storeAll();
        String from = positions.get(1).toString();
        String to = positions.get(7).toString();

        assertThat(reconcile("--json", "--scan", "--from", from, "--to", to)).isEqualTo(ALL);

        assertCounts("{\"unexpected\":0}");
        JsonNode scan = table.requests().get(table.requests().size() - 1).get("ExpressionAttributeValues");
        assertThat(scan.get(":from").get("N").asLong()).isEqualTo(BEGIN + 1001);
        assertThat(scan.get(":to").get("N").asLong()).isEqualTo(BEGIN + 3999);
    }

    @Test
    void aTimeIsTheFirstFrameReceivedThenOrLater() {
        List<Long> positions = receive(AAPL);
        storeAll();

        assertThat(reconcile(
                        "--json", "--from", Instant.ofEpochMilli(BEGIN + 1001).toString()))
                .isEqualTo(ALL);

        assertThat(result().get("from").longValue()).isEqualTo(positions.get(2));
    }

    @Test
    void aScanHoldsNoMoreIdsThanItMay() {
        receive(AAPL);

        assertThat(reconcile("--scan", "-D", "table.scan-max-ids=10")).isEqualTo(CANNOT_START);

        assertThat(err.toString(UTF_8))
                .isEqualToIgnoringNewLines(
                        "too many ids for a scan: ids=10 (give a smaller range with --from and --to, or"
                                + " raise table.scan-max-ids)");
    }

    @Test
    void aTableThatIsNotThereIsNamed() {
        receive(AAPL);
        table.fail("ResourceNotFoundException");

        assertThat(reconcile("--json")).isEqualTo(CANNOT_START);

        assertThat(out.size()).isZero();
        assertThat(err.toString(UTF_8))
                .isEqualToIgnoringNewLines("table not found: table=ProcessedTradesDynamoDB region=us-east-1 endpoint="
                        + table.uri() + " (provision it, or correct table.name, kinesis.region, table.endpoint)");
    }

    @Test
    void aDeniedTableIsNamed() {
        receive(AAPL);
        table.fail("AccessDeniedException");

        assertThat(reconcile()).isEqualTo(CANNOT_START);

        assertThat(err.toString(UTF_8)).startsWith("access to the table denied: table=ProcessedTradesDynamoDB");
    }

    @Test
    void anEmptyJournalNeedsNoTable() {
        table.fail("ResourceNotFoundException");

        assertThat(reconcile("--json", "--scan")).isEqualTo(ALL);

        assertCounts("{\"expected\":0,\"missing\":0,\"unexpected\":0}");
        assertThat(table.requests()).isEmpty();
    }

    @Test
    void aTradeWhoseRepeatsAreInDeletedSegmentsIsNotComparedUnlessAsked() throws IOException {
        List<String> messages = IngesterRig.captured("crypto-in-finnhub-shape.ndjson");
        for (int i = 0; i < 4; i++) {
            receive(messages);
        }
        List<Path> segments;
        try (var files = Files.list(folder.resolve("journal"))) {
            segments = files.filter(file -> file.toString().endsWith(".jrn"))
                    .sorted()
                    .toList();
        }
        Files.delete(segments.get(0));
        long third = Long.parseLong(segments.get(3).getFileName().toString().replace(".jrn", ""));

        reconcile("--json");
        assertThat(result().get("from").longValue()).isEqualTo(third);
        assertThat(talk("ids of repeated trades")).isEmpty();

        reconcile("--json", "--from", "0");
        assertThat(result().get("from").longValue()).isZero();
        assertThat(talk("ids of repeated trades below position=" + third)).hasSize(1);
    }
}
