package io.tapestream.lease;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;

/** What is asked of DynamoDB, and what becomes of its answers. */
class LeaseTableTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final AwsCredentialsProvider CREDENTIALS =
            StaticCredentialsProvider.create(AwsBasicCredentials.create("AKIDEXAMPLE", "secret"));
    private static final Holder OURS = new Holder("run-1", "alpha", 17);
    private static final LeaseRow THEIRS =
            new LeaseRow(new Holder("run-2", "beta", 42), 1_795_592_704_803L, 7, Duration.ofSeconds(30));
    private static final String ROW = """
            {"lease":{"S":"5994471abb01112a"},"holder":{"S":"run-2"},"host":{"S":"beta"},"pid":{"N":"42"},\
            "since":{"N":"1795592704803"},"duration":{"N":"30000"},"version":{"N":"7"}}""";

    private final Queue<String> answers = new ConcurrentLinkedQueue<>();
    private final List<JsonNode> requests = new CopyOnWriteArrayList<>();
    private HttpServer server;
    private LeaseTable table;

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", this::answer);
        server.start();
        table = LeaseTable.open(
                settings(URI.create("http://127.0.0.1:" + server.getAddress().getPort())),
                "5994471abb01112a",
                OURS,
                CREDENTIALS);
    }

    @AfterEach
    void stop() {
        table.close();
        server.stop(0);
    }

    private static LeaseSettings settings(URI endpoint) {
        return new LeaseSettings(
                "TapestreamLeases",
                "us-east-1",
                endpoint,
                null,
                true,
                Duration.ofSeconds(20),
                Duration.ofSeconds(5),
                Duration.ofSeconds(5));
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            requests.add(JSON.readTree(exchange.getRequestBody().readAllBytes()));
            String error = answers.poll();
            int status = error == null ? 200 : error.startsWith("Internal") ? 500 : 400;
            String body = error == null ? "{}" : bodyOf(error);
            byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(status, bytes.length);
            exchange.getResponseBody().write(bytes);
        }
    }

    private static String bodyOf(String error) {
        String type = "\"__type\":\"com.amazonaws.dynamodb.v20120810#" + error.replace("+row", "") + "\"";
        String item = error.endsWith("+row") ? ",\"Item\":" + ROW : "";
        return "{" + type + ",\"message\":\"by the test\"" + item + "}";
    }

    @Test
    void claimsWhatIsNobodysOrOurs() throws LeaseUnansweredException {
        assertThat(table.claim(1000, null)).isNull();
        JsonNode request = requests.get(0);
        assertThat(request.get("TableName").textValue()).isEqualTo("TapestreamLeases");
        assertThat(request.get("Key").toString()).isEqualTo("{\"lease\":{\"S\":\"5994471abb01112a\"}}");
        assertThat(request.get("ConditionExpression").textValue())
                .isEqualTo("attribute_not_exists(#holder) OR #holder = :holder");
        assertThat(request.get("UpdateExpression").textValue())
                .isEqualTo("SET #holder = :holder, #host = :host, #pid = :pid, #since = :since,"
                        + " #duration = :duration ADD #version :one");
        assertThat(request.get("ExpressionAttributeValues"))
                .isEqualTo(JSON.valueToTree(Map.of(
                        ":holder", Map.of("S", "run-1"),
                        ":host", Map.of("S", "alpha"),
                        ":pid", Map.of("N", "17"),
                        ":since", Map.of("N", "1000"),
                        ":duration", Map.of("N", "20000"),
                        ":one", Map.of("N", "1"))));
    }

    @Test
    void learnsFromTheRefusalWhoHasIt() throws LeaseUnansweredException {
        answers.add("ConditionalCheckFailedException+row");
        assertThat(table.claim(1000, null)).isEqualTo(THEIRS);
        assertThat(requests.get(0).get("ReturnValuesOnConditionCheckFailure").textValue())
                .isEqualTo("ALL_OLD");
        assertThat(requests).hasSize(1);
    }

    @Test
    void claimsWhatHasExpiredOnlyIfItIsUnchanged() throws LeaseUnansweredException {
        assertThat(table.claim(1000, THEIRS)).isNull();
        JsonNode request = requests.get(0);
        assertThat(request.get("ConditionExpression").textValue())
                .isEqualTo("attribute_not_exists(#holder) OR #holder = :holder"
                        + " OR (#version = :expired AND #holder = :other)");
        assertThat(request.at("/ExpressionAttributeValues/:expired/N").textValue())
                .isEqualTo("7");
        assertThat(request.at("/ExpressionAttributeValues/:other/S").textValue())
                .isEqualTo("run-2");
    }

    @Test
    void aRowThatIsNotOneOfOursIsNobodysThatIsKnown() throws LeaseUnansweredException {
        answers.add("ConditionalCheckFailedException");
        assertThat(table.claim(1000, null)).isEqualTo(new LeaseRow(new Holder("", "", 0), 0, 0, Duration.ZERO));
    }

    @Test
    void releasesWhatIsOursAndKeepsCounting() throws LeaseUnansweredException {
        answers.add("ConditionalCheckFailedException+row"); // somebody else's by now: as good
        table.release();
        JsonNode request = requests.get(0);
        assertThat(request.get("UpdateExpression").textValue()).isEqualTo("REMOVE #holder ADD #version :one");
        assertThat(request.get("ConditionExpression").textValue()).isEqualTo("#holder = :holder");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "ProvisionedThroughputExceededException",
                "InternalServerError",
                "AccessDeniedException",
                "ResourceNotFoundException"
            })
    void whatIsNeitherYesNorNoIsNoAnswer(String error) {
        answers.addAll(List.of(error, error));
        assertThatThrownBy(() -> table.claim(1000, null))
                .isInstanceOf(LeaseUnansweredException.class)
                .hasMessageContaining("table=TapestreamLeases region=us-east-1 endpoint=http://127.0.0.1:")
                .hasMessageContaining("code=" + error);
        answers.clear();
        answers.addAll(List.of(error, error));
        assertThatThrownBy(table::probe).isInstanceOf(LeaseUnansweredException.class);
    }

    @Test
    void checksWithoutChangingAnything() throws LeaseUnansweredException {
        answers.add("ConditionalCheckFailedException");
        assertThat(table.check()).isNull();
        answers.add("ConditionalCheckFailedException");
        table.probe();
        assertThat(requests)
                .hasSize(2)
                .allMatch(request -> request.get("ConditionExpression")
                        .textValue()
                        .equals("attribute_exists(#lease) AND attribute_not_exists(#lease)"));
    }

    @Test
    void tellsWhyTheTableWasNotReached() {
        answers.addAll(List.of("InternalServerError", "InternalServerError"));
        assertThat(table.check()).contains("table=TapestreamLeases", "status=500", "code=InternalServerError");
        server.stop(0);
        assertThat(table.check()).contains("status=0");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        ResourceNotFoundException | table of leases not found: | (create it with scripts/provision.sh, or correct lease.table, kinesis.region, table.endpoint)
        AccessDeniedException | access to the table of leases denied: | (check the credentials; they need dynamodb:UpdateItem on the table)
        UnrecognizedClientException | access to the table of leases denied: | (check the credentials; they need dynamodb:UpdateItem on the table)
        ValidationException | table of leases not usable: | (it needs the one key attribute lease, a string; check lease.table)
        """)
    void refusesADefiniteNoWithTheRemedy(String error, String what, String remedy) {
        answers.addAll(List.of(error, error));
        assertThatThrownBy(table::check)
                .isInstanceOf(LeaseRefusedException.class)
                .hasMessageStartingWith(what + " table=TapestreamLeases region=us-east-1 endpoint=http://127.0.0.1:")
                .hasMessageEndingWith(remedy);
    }

    @Test
    void refusesToGoWithoutCredentials() {
        AwsCredentialsProvider none = () -> {
            throw new IllegalStateException("none");
        };
        assertThatThrownBy(() -> LeaseTable.open(settings(URI.create("http://127.0.0.1:9")), "x", OURS, none))
                .isInstanceOf(LeaseRefusedException.class)
                .hasMessageStartingWith("no AWS credentials: table=TapestreamLeases region=us-east-1");
    }
}
