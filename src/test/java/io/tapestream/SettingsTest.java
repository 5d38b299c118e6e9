package io.tapestream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.tapestream.lease.LeaseSettings;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Layers, checks and messages of the settings, through the door that every command uses. */
class SettingsTest {
    private static final String SECRET = "SECRETTOKEN123";

    @TempDir
    Path conf;

    private final Map<String, String> variables = new HashMap<>();
    private final Map<String, String> properties = new HashMap<>();

    @BeforeEach
    void writeEnvironment() throws IOException {
        write("dev.conf", "feed.symbols = [AAPL]");
        variables.put("FINNHUB_API_KEY", SECRET);
    }

    @Test
    void everyDefaultIsUsable() {
        Settings settings = load();

        assertThat(settings.kinesis().stream()).isEqualTo("stream-finnhub");
        assertThat(settings.feed().silenceTimeout()).isEqualTo(Duration.ofSeconds(150));
        assertThat(settings.feed().maxMessageLength()).isEqualTo(1 << 20);
        assertThat(settings.journal().segmentLength()).isEqualTo(16 << 20);
        assertThat(settings.journal().directory()).isEqualTo(Path.of("data/dev/journal"));
        assertThat(settings.record().venues())
                .containsEntry("IC MARKETS", "forex")
                .containsEntry("BINANCE", "crypto");
        assertThat(settings.status().port()).isEqualTo(8321);
        assertThat(settings.keepRedelivered()).isFalse();
        assertThat(settings.lease()).isNull();
    }

    @Test
    void aLeaseIsInTheAccountAndRegionOfTheTable() {
        properties.put("feed.lease", "dynamodb");
        properties.put("kinesis.region", "eu-west-1");
        properties.put("table.endpoint", "https://127.0.0.1:4567");
        assertThat(load().lease())
                .isEqualTo(new LeaseSettings(
                        "TapestreamLeases",
                        "eu-west-1",
                        URI.create("https://127.0.0.1:4567"),
                        null,
                        true,
                        Duration.ofSeconds(20),
                        Duration.ofSeconds(5),
                        Duration.ofSeconds(5)));
    }

    @Test
    void everySettingOfTheReferenceIsReadAndDocumented() throws IOException {
        String text = Files.readString(Path.of("src/main/resources/reference.conf"));
        Config reference = ConfigFactory.parseString(text);

        String sources = "";
        try (var files = Files.list(Path.of("src/main/java/io/tapestream"))) {
            for (Path file : files.filter(f -> f.toString().endsWith(".java")).toList()) {
                sources += Files.readString(file);
            }
        }
        for (String path : reference.root().keySet().stream()
                .flatMap(section ->
                        reference.getConfig(section).entrySet().stream().map(e -> section + "." + e.getKey()))
                .filter(path -> !path.startsWith("record.venues."))
                .toList()) {
            assertThat(sources).as("setting that nothing reads: " + path).contains("\"" + path + "\"");
        }
        assertThat(text.lines()
                        .filter(line -> line.matches("\\s+[a-z-.]+ = .*"))
                        .count())
                .as("settings without a sentence above them")
                .isEqualTo(documentedSettings(text));
    }

    private static long documentedSettings(String text) {
        List<String> lines = text.lines().toList();
        long documented = 0;
        for (int i = 1; i < lines.size(); i++) {
            boolean isSetting = lines.get(i).matches("\\s+[a-z-.]+ = .*");
            String above = lines.get(i - 1).strip();
            if (isSetting && (above.startsWith("#") || above.matches("[a-z-.]+ = .*") || above.equals("venues {"))) {
                documented++;
            }
        }
        return documented;
    }

    @Test
    void laterLayersWin() throws IOException {
        write(
                "dev.conf",
                "feed.symbols = [AAPL]\nkinesis.stream = from-env-file\nkinesis.region = eu-west-1\nfeed.backoff-max = 10s\nfeed.backoff-min = 10ms");
        write("application.properties", "kinesis.region=eu-west-2\nfeed.backoff-max=20s\nfeed.backoff-min=20ms");
        variables.put("AWS_REGION", "eu-west-3");
        variables.put("CONFIG_FORCE_feed_backoff__min", "30ms");
        properties.put("feed.backoff-min", "40ms");

        Settings settings = load();

        assertThat(settings.kinesis().stream()).isEqualTo("from-env-file");
        assertThat(settings.feed().backoffMax()).isEqualTo(Duration.ofSeconds(20));
        assertThat(settings.kinesis().region()).isEqualTo("eu-west-3");
        assertThat(settings.feed().backoffMin()).isEqualTo(Duration.ofMillis(40));
    }

    @Test
    void anEndpointOfKinesisComesBeforeTheGeneralOne() {
        variables.put("AWS_ENDPOINT_URL", "https://general:1");
        variables.put("AWS_ENDPOINT_URL_KINESIS", "https://kinesis:2");

        assertThat(load().kinesis().endpoint()).hasHost("kinesis").hasPort(2);
    }

    @Test
    void listsMayComeFromTheEnvironment() {
        variables.put("CONFIG_FORCE_feed_symbols", "[\"IC MARKETS:1\", A]");

        assertThat(load().feed().symbols()).containsExactly("IC MARKETS:1", "A");
    }

    @Test
    void hoursThatAreNoneAreToldWithTheRule() throws IOException {
        write("dev.conf", "feed.symbols = [AAPL]\nfeed.hours = [\"New York 9-16\"]");

        assertThat(problems())
                .singleElement()
                .asString()
                .contains("dev.conf:2: feed.hours: not hours: value=\"New York 9-16\" (" + FeedHours.RULE);
    }

    @Test
    void allProblemsAreToldAtOnceWithFileLineAndRemedy() throws IOException {
        write("dev.conf", """
                feed.symbols = [AAPL]
                feed.simbols = [MSFT]
                kinesis.buckets = 0
                feed.silence-timeout = soon
                kinesis.stream = "two words"
                journal.segment-length = 70000
                """);
        variables.remove("FINNHUB_API_KEY");

        List<String> problems = problems();

        assertThat(problems).hasSize(6);
        assertThat(problems).anySatisfy(p -> assertThat(p).contains("dev.conf:2: feed.simbols: unknown setting"));
        assertThat(problems)
                .anySatisfy(p -> assertThat(p)
                        .endsWith("dev.conf:3: kinesis.buckets: out of range: value=0 (expected: 1 to 1024)"));
        assertThat(problems)
                .anySatisfy(p -> assertThat(p)
                        .contains("dev.conf:4: feed.silence-timeout: ")
                        .contains("soon"));
        assertThat(problems)
                .anySatisfy(p -> assertThat(p).contains("dev.conf:5: kinesis.stream: not usable: value=\"two words\""));
        assertThat(problems)
                .anySatisfy(p -> assertThat(p)
                        .contains("dev.conf:6: journal.segment-length: not a multiple of 4 KiB: length=70000"));
        assertThat(problems)
                .anySatisfy(p ->
                        assertThat(p).contains("finnhub.api.key: no api key").contains("FINNHUB_API_KEY_FILE"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            feed.uri                  | ws://ws.finnhub.io/          | ws would send the key in the clear
            feed.uri                  | wss://h/?token=SECRETTOKEN123| must hold neither query nor user
            feed.uri                  | http://h/                    | expected: ws or wss
            feed.uri                  | not an address               | not an address
            kinesis.endpoint          | http://h:1                   | expected: https
            kinesis.endpoint          | https://h:1/path             | has a path
            feed.redelivered-frames   | maybe                        | expected: one of drop, keep
            kinesis.region            | Frankfurt                    | a region such as us-east-1
            feed.max-message-length   | 1 KiB                        | out of range
            feed.max-message-length   | 5 MiB                        | out of range
            kinesis.record.max-bytes  | 33 KiB                       | out of range
            status.port               | 65536                        | out of range
            feed.ca-file              | /no/such/file.pem            | no readable file
            log.level                 | LOUD                         | expected: one of TRACE
            feed.symbols              | [A, A]                       | names an element twice
            feed.lease                | redis                        | expected: one of file, dynamodb
            lease.table               | a table                      | expected: 3 to 255 letters
            lease.duration            | 11m                          | out of range
            lease.try-interval        | 5001ms                       | at most a third of duration less margin
            lease.margin              | 500ms                        | out of range
            """)
    void aValueThatCannotBeUsedIsNamedWithItsRule(String path, String value, String rule) {
        properties.put(path, value);

        assertThat(problems())
                .singleElement()
                .satisfies(problem -> assertThat(problem)
                        .startsWith("-D" + path + ": " + path)
                        .contains(rule)
                        .doesNotContain(SECRET));
    }

    @Test
    void anUnknownEnvironmentIsRefusedWithTheKnownOnes() throws IOException {
        write("prod.conf", "");

        assertThatThrownBy(() -> new SettingsLayers(conf, variables, properties).load("staging", true))
                .isInstanceOf(SettingsException.class)
                .hasMessageContaining("unknown environment: env=staging (expected: dev, prod");
    }

    @Test
    void theKeyComesFromFilesAndTheEnvironment() throws IOException {
        variables.clear();
        write("application.properties", "finnhub.api.key=from-file");
        assertThat(load().apiKey()).isNotNull();

        Path keyFile = Files.writeString(conf.resolve("key"), SECRET + "\n");
        write("application.properties", "");
        variables.put("FINNHUB_API_KEY_FILE", keyFile.toString());
        assertThat(load().apiKey()).isNotNull().asString().isEqualTo("***");

        variables.put("FINNHUB_API_KEY_FILE", "/no/such/file");
        assertThat(problems()).singleElement().asString().contains("no readable file: file=/no/such/file");
    }

    @ParameterizedTest
    @CsvSource({"' '", "''"})
    void anEmptyKeyIsNoKey(String key) {
        variables.put("FINNHUB_API_KEY", key);

        assertThat(problems()).singleElement().asString().contains("no api key");
    }

    @Test
    void theKeyIsRefusedWhereOthersCouldReadIt() throws IOException {
        properties.put("finnhub.api.key", SECRET);
        write("dev.conf", "feed.symbols = [AAPL]\nfinnhub.api.key = " + SECRET);

        assertThat(problems())
                .hasSize(2)
                .allSatisfy(
                        problem -> assertThat(problem).contains("refused here").doesNotContain(SECRET));
    }

    @Test
    void aFileThatCannotBeParsedIsNamedWithoutItsContent() throws IOException {
        write("dev.conf", "feed.symbols = [AAPL\nfinnhub.api.key = \"" + SECRET);

        assertThat(problems())
                .singleElement()
                .asString()
                .contains("dev.conf")
                .contains("cannot be parsed")
                .doesNotContain(SECRET);
    }

    @Test
    void symbolsAreNeededToConnectOnly() throws IOException {
        write("dev.conf", "");
        assertThat(problems()).singleElement().asString().contains("feed.symbols: no symbol to subscribe");

        variables.clear();
        assertThat(new SettingsLayers(conf, variables, properties)
                        .load("dev", false)
                        .apiKey())
                .isNull();
    }

    private Settings load() {
        return new SettingsLayers(conf, variables, properties).load("dev", true);
    }

    private List<String> problems() {
        SettingsException refused = catchThrowableOfType(SettingsException.class, this::load);
        assertThat(refused).isNotNull();
        return refused.problems();
    }

    private void write(String name, String text) throws IOException {
        Files.writeString(conf.resolve(name), text);
    }
}
