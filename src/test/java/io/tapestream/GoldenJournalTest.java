package io.tapestream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tapestream.feed.FakeVenue;
import io.tapestream.journal.OtherVersion;
import io.tapestream.kinesis.FakeKinesisProducer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * An upgrade: a journal as the first program of each format version left it is read, published from its checkpoint and
 * gone on with. And a downgrade: one of a version to come is refused, and left as it was. What the golden journals say
 * is recomputed by test_golden_journals.py.
 */
class GoldenJournalTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Path GOLDEN = Path.of("src/test/resources/journals");
    private static final int AAPL_TRADES = 61;
    private static final Instant WRITTEN_AT = Instant.parse("2023-03-31T19:00:00Z");
    static final List<String> VERSIONS = versions();

    @TempDir
    Path folder;

    private FakeVenue venue;
    private IngesterRig rig;
    private final FakeKinesisProducer producer = FakeKinesisProducer.acknowledging();

    private static List<String> versions() {
        String[] names = GOLDEN.toFile().list();
        return names == null ? List.of() : Arrays.stream(names).sorted().toList();
    }

    @BeforeEach
    void startVenue() {
        venue = FakeVenue.start();
        rig = new IngesterRig(folder, venue);
        rig.producer = producer;
    }

    @AfterEach
    void stopVenue() {
        venue.close();
    }

    private void take(String version) throws IOException {
        Files.createDirectories(rig.journal());
        for (Path file : filesOf(GOLDEN.resolve(version).resolve("journal"))) {
            Files.copy(file, rig.journal().resolve(file.getFileName()));
        }
        Files.writeString(folder.resolve("application.properties"), "finnhub.api.key=SECRETTOKEN123\n");
    }

    private static List<Path> filesOf(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.sorted().toList();
        }
    }

    private static List<String> lines(String version, String name) throws IOException {
        return Files.readAllLines(GOLDEN.resolve(version).resolve(name));
    }

    /** Runs a command on the journal. */
    private CommandRun command(String... arguments) {
        List<String> all = new ArrayList<>(List.of(arguments));
        all.addAll(List.of("--env", "test", "--conf", folder.toString(), "-D", "journal.directory=" + rig.journal()));
        return CommandRun.of(all.toArray(String[]::new));
    }

    @ParameterizedTest
    @FieldSource("VERSIONS")
    void isExportedAndVerifiedAndItsGapsAreListed(String version) throws IOException {
        take(version);

        Path exported = folder.resolve("export.ndjson");
        assertThat(command("journal", "export", "--out", exported.toString()).code())
                .isZero();
        assertThat(exported).hasSameTextualContentAs(GOLDEN.resolve(version).resolve("export.ndjson"));

        CommandRun verified = command("journal", "verify", "--json");
        assertThat(verified.code()).as(verified.err()).isZero();

        List<String> gaps = new ArrayList<>();
        for (String line : command("journal", "gaps", "--json").out().lines().toList()) {
            ObjectNode gap = (ObjectNode) JSON.readTree(line);
            gaps.add(gap.retain("reason", "from_position", "to_position").toString());
        }
        assertThat(gaps).isEqualTo(lines(version, "gaps.ndjson"));
    }

    @ParameterizedTest
    @FieldSource("VERSIONS")
    void isPublishedFromItsCheckpointWithTheIdsThatItAlwaysHadAndGoneOnWith(String version) throws Exception {
        take(version);
        // Else its age alone would delete what is acknowledged.
        rig.clock = Clock.offset(Clock.systemUTC(), Duration.between(Instant.now(), WRITTEN_AT));
        Ingester ingester = rig.start();
        long checkpoint = checkpoint(version);
        List<String> expected = new ArrayList<>();
        for (String line : lines(version, "published.ndjson")) {
            JsonNode published = JSON.readTree(line);
            if (published.get("position").longValue() >= checkpoint) {
                published.get("trade_ids").forEach(id -> expected.add(id.textValue()));
            }
        }
        assertThat(expected).hasSizeGreaterThan(100);
        await().untilAsserted(
                        () -> assertThat(IngesterRig.ids(producer)).containsExactlyInAnyOrderElementsOf(expected));

        List<String> messages = IngesterRig.captured("finnhub-aapl-20230331.ndjson");
        var peer = venue.awaitPeer();
        messages.forEach(peer::sendText);
        await().untilAsserted(
                        () -> assertThat(ingester.counts().of("feed.frames")).isEqualTo(messages.size()));
        assertThat(ingester.stop("test")).isTrue();

        assertThat(IngesterRig.ids(producer)).hasSize(expected.size() + AAPL_TRADES);
        CommandRun verified = command("journal", "verify", "--json");
        assertThat(verified.code()).as(verified.out()).isZero();
        assertThat(JSON.readTree(verified.out()).get("session_opened").intValue())
                .as("session numbers go on")
                .isEqualTo(4);
    }

    private static long checkpoint(String version) throws IOException {
        byte[] bytes = Files.readAllBytes(GOLDEN.resolve(version).resolve("journal/checkpoint"));
        return java.nio.ByteBuffer.wrap(bytes)
                .order(java.nio.ByteOrder.LITTLE_ENDIAN)
                .getLong(16);
    }

    @ParameterizedTest
    @ValueSource(strings = {"journal verify", "journal gaps", "journal export", "replay", "reconcile", "run"})
    void aJournalOfAVersionToComeIsRefusedByEveryCommand(String command) throws IOException {
        take(VERSIONS.get(VERSIONS.size() - 1));
        Path newest = rig.journal().resolve("00000000000000032768.jrn");
        OtherVersion.ofSegment(newest, 999);
        List<byte[]> before = contents();

        CommandRun refused = command(command.split(" "));

        assertThat(refused.code()).as(refused.err()).isEqualTo(2);
        assertThat(refused.err().strip())
                .isEqualTo("journal has a newer format: path=" + newest + " version=999 supported=1 (use the version of"
                        + " tapestream that wrote it, or move the folder away to begin a new journal)");
        assertThat(contents()).usingRecursiveComparison().isEqualTo(before);
    }

    @ParameterizedTest
    @FieldSource("VERSIONS")
    void aStartOnAJournalOfAVersionToComeOpensNoConnection(String version) throws IOException {
        take(version);
        OtherVersion.ofCheckpoint(rig.journal().resolve("checkpoint"), 2);
        List<byte[]> before = contents();
        assertThatThrownBy(rig::start)
                .isInstanceOf(SettingsException.class)
                .hasMessageContaining(
                        "checkpoint has a newer format: path=" + rig.journal().resolve("checkpoint")
                                + " version=2 supported=1 (use the version of tapestream");
        assertThat(contents()).usingRecursiveComparison().isEqualTo(before);
        assertThat(venue.connections()).isZero();
    }

    private List<byte[]> contents() throws IOException {
        List<byte[]> contents = new ArrayList<>();
        for (Path file : filesOf(rig.journal())) {
            contents.add(Files.readAllBytes(file));
        }
        return contents;
    }
}
