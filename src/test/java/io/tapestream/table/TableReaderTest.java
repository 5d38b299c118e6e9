package io.tapestream.table;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.exception.SdkClientException;

/** Reading items from an endpoint that throttles, leaves keys, refuses, or is not there. */
class TableReaderTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final AwsCredentialsProvider CREDENTIALS =
            StaticCredentialsProvider.create(AwsBasicCredentials.create("AKIDEXAMPLE", "secret"));
    private static final int MOST_ATTEMPTS = 8;

    private final List<Long> pauses = new ArrayList<>();
    private FakeTable table;
    private TableReader reader;

    @BeforeEach
    void start() throws IOException {
        table = FakeTable.start();
        reader = open(table.uri(), CREDENTIALS);
    }

    private TableReader open(URI endpoint, AwsCredentialsProvider credentials) {
        TableSettings settings = new TableSettings(FakeTable.NAME, "us-east-1", endpoint, null, true, 1000);
        return TableReader.open(settings, credentials, new Backoff(pauses::add, new Random(7)));
    }

    @AfterEach
    void stop() {
        reader.close();
        table.close();
    }

    private static JsonNode line(String id, long receivedAtMillis) {
        return json("{\"trade_id\":\"" + id + "\",\"symbol\":\"AAPL\",\"asset_class\":\"stock\",\"price\":164.06,"
                + "\"volume\":5,\"traded_at\":1680286537580,\"received_at\":" + receivedAtMillis
                + ",\"conditions\":[\"1\",\"12\"],\"feed\":\"finnhub\"}");
    }

    private static JsonNode json(String text) {
        try {
            return JSON.readTree(text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static TradeItem expected(String line) {
        return TradeItem.ofLines((line + "\n").getBytes(StandardCharsets.UTF_8)).get(0);
    }

    @Test
    void readsTheItemsThatAreThere() throws Exception {
        table.store(line("a", 1));
        table.store(line("b", 1));

        Map<String, TradeItem> items = reader.read(List.of("a", "b", "c"), false);

        assertThat(items).containsOnlyKeys("a", "b");
        assertThat(readItem().text("price")).isEqualTo("164.06");
        assertThat(pauses).isEmpty();
    }

    private TradeItem readItem() throws InterruptedException {
        return Objects.requireNonNull(reader.read(List.of("a"), false).get("a"));
    }

    @Test
    void asksForNothingWhenThereIsNoId() throws Exception {
        assertThat(reader.read(List.of(), true)).isEmpty();
        assertThat(table.requests()).isEmpty();
    }

    @Test
    void asksAgainForUnprocessedKeysOnly() throws Exception {
        for (String id : List.of("a", "b", "c")) {
            table.store(line(id, 1));
        }
        table.process(1, 0, 1);

        assertThat(reader.read(List.of("a", "b", "c"), false)).containsOnlyKeys("a", "b", "c");

        assertThat(table.requests().stream()
                        .map(request -> request.findValue("Keys").size()))
                .containsExactly(3, 2, 2, 1);
        assertThat(pauses).hasSize(3).allSatisfy(pause -> assertThat(pause).isBetween(0L, 200_000_000L));
    }

    @Test
    void givesUpOnKeysThatStayUnprocessed() {
        table.process(0, 0, 0, 0, 0, 0, 0, 0, 0);

        assertThatThrownBy(() -> reader.read(List.of("a", "b"), false))
                .isInstanceOf(TableRefusedException.class)
                .hasMessage("table leaves keys unprocessed: table=ProcessedTradesDynamoDB region=us-east-1 endpoint="
                        + table.uri() + " keys=2 attempts=8 (give it more read capacity, then try again)");
        assertThat(table.requests()).hasSize(MOST_ATTEMPTS);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "ProvisionedThroughputExceededException",
                "ThrottlingException",
                "RequestLimitExceeded",
                "InternalServerError"
            })
    void asksAgainAfterAnErrorThatPasses(String code) throws Exception {
        table.store(line("a", 1));
        table.fail(code, code, code);

        assertThat(reader.read(List.of("a"), false)).containsOnlyKeys("a");
        assertThat(pauses).hasSize(3);
    }

    @Test
    void givesUpOnATableThatThrottlesForEver() {
        String code = "ProvisionedThroughputExceededException";
        table.fail(code, code, code, code, code, code, code, code, code);

        assertThatThrownBy(() -> reader.read(List.of("a"), false))
                .isInstanceOf(TableRefusedException.class)
                .hasMessageStartingWith("table not read: table=ProcessedTradesDynamoDB")
                .hasMessageEndingWith("attempts=8 (check network and read capacity, then try again)");
        assertThat(table.requests()).hasSize(MOST_ATTEMPTS);
    }

    @ParameterizedTest
    @CsvSource({
        "ResourceNotFoundException, table not found: table=ProcessedTradesDynamoDB region=us-east-1, provision it",
        "AccessDeniedException, access to the table denied: table=ProcessedTradesDynamoDB, dynamodb:BatchGetItem",
        "UnrecognizedClientException, access to the table denied: table=ProcessedTradesDynamoDB, credentials",
        "ValidationException, table not usable: table=ProcessedTradesDynamoDB, table.name"
    })
    void aDefiniteRefusalIsNamedAtOnce(String code, String what, String remedy) {
        table.fail(code);

        assertThatThrownBy(() -> reader.read(List.of("a"), false))
                .isInstanceOf(TableRefusedException.class)
                .hasMessageStartingWith(what)
                .hasMessageContaining(remedy);
        assertThat(table.requests()).hasSize(1);
    }

    @Test
    void givesUpOnAnEndpointThatIsNotThere() {
        table.close();

        assertThatThrownBy(() -> reader.read(List.of("a"), false))
                .isInstanceOf(TableRefusedException.class)
                .hasMessageStartingWith("table not read: ")
                .hasMessageContaining("operation=BatchGetItem");
    }

    @Test
    void refusesToOpenWithoutCredentials() {
        AwsCredentialsProvider none = () -> {
            throw SdkClientException.create("Unable to load credentials from any of the providers");
        };

        assertThatThrownBy(() -> open(table.uri(), none))
                .isInstanceOf(TableRefusedException.class)
                .hasMessageStartingWith("no AWS credentials: table=ProcessedTradesDynamoDB")
                .hasMessageContaining("AWS_ACCESS_KEY_ID");
    }

    @Test
    void scansEveryPageForTheFeedAndTheTime() throws Exception {
        for (int i = 0; i < 5; i++) {
            table.store(line("id-" + i, 100 + i));
        }
        ((ObjectNode) table.store(line("other", 102)).get("feed")).put("S", "elsewhere");
        table.fail("ThrottlingException");
        List<String> ids = new ArrayList<>();

        reader.scan("finnhub", 101, 103, item -> ids.add(item.tradeId()));

        assertThat(ids).containsExactly("id-1", "id-2", "id-3");
        assertThat(Set.copyOf(table.requests().get(0).get("ExpressionAttributeNames").properties().stream()
                        .map(Map.Entry::getKey)
                        .toList()))
                .contains("#trade_id", "#received_at", "#feed");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            price       | {"N":"164.060"}             |
            price       | {"N":"1.6406E+2"}           |
            price       | {"N":"164.061"}             | price
            price       | {"S":"164.06"}              | price
            volume      | {"N":"5.0"}                 |
            symbol      | {"S":"MSFT"}                | symbol
            kind        | {"S":"quote"}               | kind
            asset_class | {"S":"other"}               | asset_class
            traded_at   | {"N":"1680286537581"}       | traded_at
            received_at | {"N":"9"}                   |
            conditions  | {"L":[{"S":"12"},{"S":"1"}]}| conditions
            conditions  | {"SS":["1","12"]}           | conditions
            feed        | {"S":"elsewhere"}           | feed
            expires_at  | {"N":"1700000000"}          |
            """)
    void anItemDiffersInWhatItMeansOnly(String name, String attribute, String difference) throws Exception {
        table.store(line("a", 1)).set(name, json(attribute));

        TradeItem item = readItem();

        assertThat(expected(line("a", 1).toString()).differencesOf(item))
                .isEqualTo(difference == null ? List.of() : List.of(difference));
    }

    @Test
    void numbersOfAnyLengthAreComparedToTheLastDigit() throws Exception {
        String digits = "12345678901234567890.12345678901234567";
        ObjectNode stored = table.store(line("a", 1));
        stored.set("price", json("{\"N\":\"" + digits + "8\"}"));
        stored.set("volume", json("{\"N\":\"1E-130\"}"));
        String line = "{\"trade_id\":\"a\",\"symbol\":\"AAPL\",\"asset_class\":\"stock\",\"price\":%s,\"volume\":0."
                + "0".repeat(129) + "1,\"traded_at\":1680286537580,\"received_at\":1,\"conditions\":[\"1\",\"12\"],"
                + "\"feed\":\"finnhub\"}";

        TradeItem item = readItem();

        assertThat(expected(String.format(line, digits + "8")).differencesOf(item))
                .isEmpty();
        assertThat(expected(String.format(line, digits + "9")).differencesOf(item))
                .containsExactly("price");
    }

    @Test
    void anItemWithoutAnAttributeDiffersInIt() throws Exception {
        table.store(line("a", 1)).remove(List.of("price", "conditions"));

        TradeItem item = readItem();

        assertThat(expected(line("a", 1).toString()).differencesOf(item)).containsExactly("price", "conditions");
    }
}
