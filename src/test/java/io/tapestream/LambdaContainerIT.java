package io.tapestream;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.tapestream.aws.EndpointTrust;
import io.tapestream.kinesis.KplRecording;
import io.tapestream.kinesis.StreamRecord;
import io.tapestream.table.TableReader;
import io.tapestream.table.TableSettings;
import io.tapestream.table.TradeItem;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.testcontainers.containers.Container.ExecResult;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.wait.strategy.Wait;
import org.testcontainers.images.builder.Transferable;
import org.testcontainers.junit.jupiter.Container;
import org.testcontainers.junit.jupiter.Testcontainers;
import org.testcontainers.utility.DockerImageName;
import org.testcontainers.utility.MountableFile;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeDefinition;
import software.amazon.awssdk.services.dynamodb.model.BillingMode;
import software.amazon.awssdk.services.dynamodb.model.KeySchemaElement;
import software.amazon.awssdk.services.dynamodb.model.KeyType;
import software.amazon.awssdk.services.dynamodb.model.ScalarAttributeType;

/**
 * The function's zip in a container with a bare Python 3.13, as AWS has it: what the KPL has put becomes items of the
 * table, and what is damaged a message of the queue, both served by a second container.
 */
@Testcontainers(disabledWithoutDocker = true)
class LambdaContainerIT {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int PORT = 4567;
    private static final String TABLE = "ProcessedTradesDynamoDB";
    private static final Path ZIP = Path.of("target/lambda/tapestream-lambda.zip");
    private static final String QUEUE = "https://127.0.0.1:" + PORT + "/123456789012/dead-letters";
    private static final String UNPACK = "python3 -I -S -m zipfile -e /function.zip /var/task";

    /** The shell stays the parent, as the runtime demands; what the function logs is not the answer. */
    private static final String RUN =
            "python3 -I -S /runtime.py 3 4 $$ 3</events 4>/answers >/log && cat /answers || { cat /log; exit 1; }";

    /** The queue through the zip's own botocore: makes it, or counts its messages. */
    private static final String SQS = """
            import sys
            sys.path.insert(0, "/var/task")
            import botocore.session
            sqs = botocore.session.get_session().create_client("sqs", region_name="us-east-1")
            """;

    private static final String CREATE_QUEUE = SQS + "print(sqs.create_queue(QueueName='dead-letters')['QueueUrl'])";
    private static final String COUNT_MESSAGES = SQS + """
            names = ["ApproximateNumberOfMessages"]
            answer = sqs.get_queue_attributes(QueueUrl=sys.argv[1], AttributeNames=names)
            print(answer["Attributes"][names[0]])
            """;

    @Container
    private final GenericContainer<?> aws = new GenericContainer<>(
                    DockerImageName.parse("tapestream/local-kinesis:test"))
            .withExposedPorts(PORT)
            .waitingFor(Wait.forLogMessage(".*https://.*\\n", 1).withStartupTimeout(Duration.ofMinutes(2)));

    @TempDir
    Path folder;

    private final Map<String, String> credentials =
            new TreeMap<>(Map.of("aws.accessKeyId", "test", "aws.secretAccessKey", "test"));

    private Path ca;
    private GenericContainer<?> python;

    @BeforeEach
    void start() {
        credentials.forEach(System::setProperty);
        assertThat(ZIP)
                .as("the function's zip (scripts/package-lambda.sh makes it)")
                .exists();
        ca = folder.resolve("ca.pem");
        aws.copyFileFromContainer("/certificates/ca.pem", ca.toString());
        createTable();
        // In the network of the other container, whose certificate is for 127.0.0.1.
        python = new GenericContainer<>(DockerImageName.parse("tapestream/python:test"))
                .withNetworkMode("container:" + aws.getContainerId())
                .withCopyFileToContainer(MountableFile.forHostPath(ZIP), "/function.zip")
                .withCopyFileToContainer(MountableFile.forHostPath("scripts/local/runtime.py"), "/runtime.py")
                .withCopyFileToContainer(MountableFile.forHostPath(ca), "/ca.pem")
                .withEnv(variables())
                .withCommand("sleep", "infinity");
        python.start();
    }

    private void createTable() {
        try (SdkHttpClient http = EndpointTrust.httpClient(ca, true, Duration.ofSeconds(10));
                DynamoDbClient client = DynamoDbClient.builder()
                        .httpClient(http)
                        .endpointOverride(endpoint())
                        .region(Region.US_EAST_1)
                        .build()) {
            client.createTable(request -> request.tableName(TABLE)
                    .billingMode(BillingMode.PAY_PER_REQUEST)
                    .keySchema(KeySchemaElement.builder()
                            .attributeName("trade_id")
                            .keyType(KeyType.HASH)
                            .build())
                    .attributeDefinitions(AttributeDefinition.builder()
                            .attributeName("trade_id")
                            .attributeType(ScalarAttributeType.S)
                            .build()));
        }
    }

    private URI endpoint() {
        return URI.create("https://127.0.0.1:" + aws.getMappedPort(PORT));
    }

    private static Map<String, String> variables() {
        Map<String, String> variables = new HashMap<>();
        variables.put("_HANDLER", "lambda_function.lambda_handler");
        variables.put("LAMBDA_TASK_ROOT", "/var/task");
        variables.put("AWS_LAMBDA_FUNCTION_NAME", "FinnhubStreamProcessor");
        variables.put("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST");
        variables.put("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512");
        variables.put("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/FinnhubStreamProcessor");
        variables.put("AWS_LAMBDA_LOG_STREAM_NAME", "test");
        variables.put("AWS_REGION", "us-east-1");
        variables.put("AWS_ACCESS_KEY_ID", "test");
        variables.put("AWS_SECRET_ACCESS_KEY", "test");
        variables.put("AWS_ENDPOINT_URL", "https://127.0.0.1:" + PORT);
        variables.put("AWS_CA_BUNDLE", "/ca.pem");
        variables.put("DYNAMODB_TABLE_NAME", TABLE);
        variables.put("DEAD_LETTER_QUEUE_URL", QUEUE);
        variables.put("POWERTOOLS_METRICS_NAMESPACE", "Tapestream");
        variables.put("POWERTOOLS_SERVICE_NAME", "FinnhubStreamProcessor");
        return variables;
    }

    @AfterEach
    void stop() {
        python.close();
        credentials.keySet().forEach(System::clearProperty);
    }

    @Test
    void theZipNeedsNothingButPythonAndStoresWhatTheKplHasPut() throws Exception {
        assertThat(inShell("python3 -I -S -V")).startsWith("Python 3.13.");
        inShell(UNPACK);
        assertThat(inPython(CREATE_QUEUE)).isEqualToIgnoringNewLines(QUEUE);
        List<StreamRecord> records = new ArrayList<>();
        List<StreamRecord> userRecords = new ArrayList<>();
        for (int count : new int[] {1, 363}) {
            KplRecording recording = KplRecording.read(KplRecording.file(count));
            records.addAll(recording.streamRecords());
            userRecords.addAll(recording.userRecords());
        }

        records.add(damaged(records.get(records.size() - 1)));

        // The batch comes a second time, as after a failure of the service.
        String answers = invoke(List.of(event(records), event(records)));

        assertThat(answers.lines())
                .containsExactly(
                        "{\"ready\": true}",
                        "{\"answer\": {\"batchItemFailures\": []}}",
                        "{\"answer\": {\"batchItemFailures\": []}}");
        assertStored(userRecords);
        assertThat(inPython(COUNT_MESSAGES, QUEUE)).isEqualToIgnoringNewLines("2");
    }

    private static StreamRecord damaged(StreamRecord aggregated) {
        byte[] payload = aggregated.payload().clone();
        payload[payload.length - 1] ^= 1;
        return new StreamRecord(aggregated.partitionKey(), aggregated.explicitHashKey(), payload);
    }

    private String invoke(List<ObjectNode> events) throws IOException, InterruptedException {
        StringBuilder lines = new StringBuilder();
        for (ObjectNode event : events) {
            ObjectNode about = JSON.createObjectNode()
                    .put("requestId", "test")
                    .put("functionArn", "arn:aws:lambda:us-east-1:123456789012:function:FinnhubStreamProcessor")
                    .put("deadline", 1e12);
            lines.append(about).append('\t').append(event).append('\n');
        }
        python.copyFileToContainer(Transferable.of(lines.toString()), "/events");
        return inShell(RUN);
    }

    private String inShell(String command) throws IOException, InterruptedException {
        return inContainer("sh", "-c", command);
    }

    private String inPython(String... scriptAndArguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("python3", "-I", "-S", "-c"));
        command.addAll(List.of(scriptAndArguments));
        return inContainer(command.toArray(String[]::new));
    }

    private String inContainer(String... command) throws IOException, InterruptedException {
        ExecResult result = python.execInContainer(command);
        assertThat(result.getExitCode())
                .as(String.join(" ", command) + "\n" + result.getStdout() + result.getStderr())
                .isZero();
        return result.getStdout();
    }

    /** The event that Lambda makes of a batch of a shard. */
    private static ObjectNode event(List<StreamRecord> records) {
        ObjectNode event = JSON.createObjectNode();
        ArrayNode array = event.putArray("Records");
        for (StreamRecord streamRecord : records) {
            String sequenceNumber = Integer.toString(100 + array.size());
            ObjectNode element = array.addObject()
                    .put("eventSource", "aws:kinesis")
                    .put("eventName", "aws:kinesis:record")
                    .put("eventVersion", "1.0")
                    .put("eventID", "shardId-000000000000:" + sequenceNumber)
                    .put("awsRegion", "us-east-1")
                    .put("invokeIdentityArn", "arn:aws:iam::123456789012:role/FinnhubStreamProcessorRole")
                    .put("eventSourceARN", "arn:aws:kinesis:us-east-1:123456789012:stream/stream-finnhub");
            element.putObject("kinesis")
                    .put("kinesisSchemaVersion", "1.0")
                    .put("partitionKey", streamRecord.partitionKey())
                    .put("sequenceNumber", sequenceNumber)
                    .put("data", streamRecord.payload())
                    .put("approximateArrivalTimestamp", 1_700_000_000.5);
        }
        return event;
    }

    private void assertStored(List<StreamRecord> userRecords) throws InterruptedException {
        Map<String, TradeItem> expected = new HashMap<>();
        for (StreamRecord userRecord : userRecords) {
            TradeItem.ofLines(userRecord.payload()).forEach(item -> expected.put(item.tradeId(), item));
        }
        assertThat(expected).hasSizeGreaterThan(600);
        TableSettings settings = new TableSettings(TABLE, "us-east-1", endpoint(), ca, true, 1);
        Map<String, TradeItem> stored = new HashMap<>();
        try (TableReader table = TableReader.open(settings, TimeUnit.NANOSECONDS::sleep, new Random(7))) {
            table.scan("finnhub", 0, Long.MAX_VALUE, item -> stored.put(item.tradeId(), item));
        }
        assertThat(stored).containsOnlyKeys(expected.keySet());
        expected.forEach((id, item) -> assertThat(item.differencesOf(Objects.requireNonNull(stored.get(id))))
                .as(id)
                .isEmpty());
    }
}
