package io.tapestream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.codahale.metrics.MetricRegistry;
import com.typesafe.config.ConfigFactory;
import io.tapestream.feed.FakeVenue;
import io.tapestream.kinesis.KinesisStream;
import io.tapestream.kinesis.StreamRecord;
import io.tapestream.replay.MarketServer;
import io.tapestream.replay.MarketSettings;
import io.tapestream.replay.Speed;
import java.io.File;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.wait.strategy.Wait;
import org.testcontainers.junit.jupiter.Container;
import org.testcontainers.junit.jupiter.Testcontainers;
import org.testcontainers.utility.DockerImageName;

/**
 * The ingester with the real KPL against the local Kinesis in a container: what was received is what the stream holds.
 */
@Testcontainers(disabledWithoutDocker = true)
class KinesisContainerIT {
    private static final int PORT = 4567;
    private static final List<String> SYMBOLS =
            ConfigFactory.parseFile(new File("conf/local.conf")).getStringList("feed.symbols");

    @Container
    private final GenericContainer<?> kinesis = new GenericContainer<>(
                    DockerImageName.parse("tapestream/local-kinesis:test"))
            .withExposedPorts(PORT)
            .waitingFor(Wait.forLogMessage(".*https://.*\\n", 1).withStartupTimeout(Duration.ofMinutes(2)));

    @TempDir
    Path folder;

    private final Map<String, String> credentials =
            new TreeMap<>(Map.of("aws.accessKeyId", "test", "aws.secretAccessKey", "test"));

    @BeforeEach
    void giveCredentials() {
        credentials.forEach(System::setProperty);
    }

    @AfterEach
    void takeCredentials() {
        credentials.keySet().forEach(System::clearProperty);
    }

    @Test
    void theStreamHoldsEveryTradeThatWasReceived() throws Exception {
        Path ca = folder.resolve("ca.pem");
        kinesis.copyFileFromContainer("/certificates/ca.pem", ca.toString());
        IngesterRig rig = rig(ca);
        try (KinesisStream stream = KinesisStream.create(rig.settings().kinesis(), 2);
                MarketServer market = market()) {
            rig.properties.put("feed.uri", market.start().toString());
            Ingester ingester = new Ingester(rig.settings(), Ingester.Surroundings.of(rig.settings()));
            ingester.start();
            market.ended().join();
            await().atMost(Duration.ofMinutes(1))
                    .untilAsserted(() -> assertThat(ingester.counts().of("feed.frames"))
                            .isEqualTo(market.counts().framesSent()));
            assertThat(ingester.stop("test")).isTrue();

            long published = ingester.counts().of("record.trades-published");
            assertThat(published).isGreaterThan(1000).isEqualTo(market.counts().tradesSent());
            List<StreamRecord> records = stream.records();
            List<String> lines = records.stream()
                    .flatMap(streamRecord -> streamRecord.userRecords().stream())
                    .flatMap(String::lines)
                    .toList();
            assertThat(lines).hasSize((int) published).doesNotHaveDuplicates();
            assertThat(lines.stream().map(line -> line.substring(13, 35)))
                    .containsExactlyInAnyOrderElementsOf(rig.journalledIds());
            assertThat(records).anyMatch(StreamRecord::isAggregated);
        }
    }

    private IngesterRig rig(Path ca) {
        try (FakeVenue nobody = FakeVenue.start()) {
            IngesterRig rig = new IngesterRig(folder, nobody);
            rig.properties.put("kinesis.endpoint", "https://127.0.0.1:" + kinesis.getMappedPort(PORT));
            rig.properties.put("kinesis.ca-file", ca.toString());
            rig.properties.put("kinesis.temp-directory", folder.resolve("kpl").toString());
            rig.properties.put("feed.symbols", "[\"" + String.join("\",\"", SYMBOLS) + "\"]");
            return rig;
        }
    }

    private static MarketServer market() {
        MarketSettings settings = new MarketSettings(
                List.of(Path.of("conf/captures/crypto-in-finnhub-shape.ndjson")),
                "127.0.0.1",
                0,
                null,
                null,
                Set.of(),
                Speed.rate(300),
                false,
                false,
                50,
                Duration.ofMinutes(1),
                Duration.ofMillis(300),
                4,
                1 << 16,
                null);
        return new MarketServer(settings, InstantSource.system(), new Threads("market"), new MetricRegistry());
    }
}
