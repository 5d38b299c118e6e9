package io.tapestream.kinesis;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A Kinesis endpoint with one stream of one shard, over TLS on the loopback address. It keeps every record that it is
 * given and acknowledges it, unless it is told to answer otherwise.
 */
public final class AcknowledgingEndpoint implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String ONLY_SHARD = "shardId-000000000000";
    private static final String HIGHEST_HASH_KEY = "340282366920938463463374607431768211455";

    /** An answer: its HTTP status and its JSON. */
    public record Answer(int status, String json) {
        /** An error as AWS words it. */
        public static Answer error(int status, String code) {
            return new Answer(status, "{\"__type\":\"" + code + "\",\"message\":\"" + code + " by the test\"}");
        }

        /** The description of a stream in this status, with further members. */
        public static Answer stream(String status, String members) {
            return new Answer(
                    200,
                    "{\"StreamDescriptionSummary\":{\"StreamName\":\"s\",\"StreamStatus\":\"" + status
                            + "\",\"StreamARN\":\"arn:aws:kinesis:us-east-1:123456789012:stream/s\","
                            + "\"RetentionPeriodHours\":24,\"StreamCreationTimestamp\":1.6e9,\"OpenShardCount\":1,"
                            + "\"EnhancedMonitoring\":[]" + members + "}}");
        }
    }

    private final TestCertificate certificate;
    private final HttpsServer server;

    /** Its threads end soon, so that they are not taken for something that is left. */
    private final ExecutorService executor =
            new ThreadPoolExecutor(0, Integer.MAX_VALUE, 1, TimeUnit.SECONDS, new SynchronousQueue<>());

    private final Map<String, Answer> answers = new ConcurrentHashMap<>();
    private final Map<String, AtomicLong> calls = new ConcurrentHashMap<>();
    private final List<StreamRecord> records = new ArrayList<>();
    private final AtomicLong sequenceNumber = new AtomicLong();
    private volatile Function<StreamRecord, @Nullable String> errors = record -> null;
    private final Map<String, Duration> delays = new ConcurrentHashMap<>();
    private volatile Duration delay = Duration.ZERO;
    private volatile String shardOfAnswers = ONLY_SHARD;

    private AcknowledgingEndpoint(TestCertificate certificate) throws IOException {
        this.certificate = certificate;
        server = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setHttpsConfigurator(new HttpsConfigurator(certificate.context()));
        server.setExecutor(executor);
        server.createContext("/", this::handle);
    }

    /** Starts an endpoint whose certificate is for localhost; it is made in the folder. */
    public static AcknowledgingEndpoint start(Path folder) throws IOException {
        return start(TestCertificate.create(folder, "dns:localhost"));
    }

    /** Starts an endpoint with the certificate. */
    public static AcknowledgingEndpoint start(TestCertificate certificate) throws IOException {
        AcknowledgingEndpoint endpoint = new AcknowledgingEndpoint(certificate);
        endpoint.server.start();
        return endpoint;
    }

    /** Its address. */
    public URI uri() {
        return URI.create("https://localhost:" + server.getAddress().getPort());
    }

    /** File of its certificate, for clients. */
    public Path certificateFile() {
        return certificate.pem();
    }

    /** From now on answers an operation, such as {@code ListShards}, with this. */
    public void answer(String operation, Answer answer) {
        answers.put(operation, answer);
    }

    /** From now on answers an operation by itself again. */
    public void answerItself(String operation) {
        answers.remove(operation);
    }

    /** From now on a record is refused, and not kept, with the error code that the function gives for it, if any. */
    public void refuse(Function<StreamRecord, @Nullable String> errorCodes) {
        errors = errorCodes;
    }

    /** From now on each answer waits this long. */
    public void delay(Duration time) {
        delay = time;
    }

    /** From now on each answer to an operation waits this long. */
    public void delay(String operation, Duration time) {
        delays.put(operation, time);
    }

    /** From now on says that records have landed on this shard, null for the one that it has. */
    public void claim(@Nullable String shard) {
        shardOfAnswers = shard == null ? ONLY_SHARD : shard;
    }

    /** The records kept so far, in order of arrival. */
    public List<StreamRecord> records() {
        synchronized (records) {
            return List.copyOf(records);
        }
    }

    /** The texts of the user records in them. */
    public List<String> userRecords() {
        return records().stream()
                .flatMap(streamRecord -> streamRecord.userRecords().stream())
                .toList();
    }

    /** How often an operation was called. */
    public long calls(String operation) {
        AtomicLong count = calls.get(operation);
        return count == null ? 0 : count.get();
    }

    /** The operations that were called so far; empty for one that is none of Kinesis's. */
    public Set<String> operations() {
        return Set.copyOf(calls.keySet());
    }

    private void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            byte[] body = exchange.getRequestBody().readAllBytes();
            String target = exchange.getRequestHeaders().getFirst("X-Amz-Target");
            String operation = target == null ? "" : target.substring(target.indexOf('.') + 1);
            calls.computeIfAbsent(operation, name -> new AtomicLong()).incrementAndGet();
            pause(operation);
            Answer answer = answers.get(operation);
            send(exchange, answer == null ? ownAnswer(operation, body) : answer);
        }
    }

    private void pause(String operation) throws IOException {
        try {
            Thread.sleep(delays.getOrDefault(operation, delay).toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("endpoint closed", e);
        }
    }

    private static void send(HttpExchange exchange, Answer answer) throws IOException {
        byte[] bytes = answer.json().getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "application/x-amz-json-1.1");
        exchange.getResponseHeaders().set("x-amzn-RequestId", "test");
        exchange.sendResponseHeaders(answer.status(), bytes.length);
        exchange.getResponseBody().write(bytes);
    }

    private Answer ownAnswer(String operation, byte[] body) throws IOException {
        return switch (operation) {
            case "DescribeStreamSummary" -> Answer.stream("ACTIVE", "");
            case "ListShards" ->
                new Answer(
                        200,
                        "{\"Shards\":[{\"ShardId\":\"shardId-000000000000\",\"HashKeyRange\":{\"StartingHashKey\":\"0\","
                                + "\"EndingHashKey\":\"" + HIGHEST_HASH_KEY
                                + "\"},\"SequenceNumberRange\":{\"StartingSequenceNumber\":\"1\"}}]}");
            case "PutRecords" -> put(JSON.readTree(body));
            default -> Answer.error(400, "UnknownOperationException");
        };
    }

    private Answer put(JsonNode request) throws IOException {
        ObjectNode response = JSON.createObjectNode();
        ArrayNode results = response.putArray("Records");
        int failed = 0;
        for (JsonNode entry : request.get("Records")) {
            StreamRecord streamRecord = new StreamRecord(
                    entry.get("PartitionKey").asText(),
                    entry.path("ExplicitHashKey").asText(),
                    entry.get("Data").binaryValue());
            String error = errors.apply(streamRecord);
            if (error != null) {
                failed++;
                results.addObject().put("ErrorCode", error).put("ErrorMessage", error + " by the test");
                continue;
            }
            synchronized (records) {
                records.add(streamRecord);
            }
            results.addObject()
                    .put("SequenceNumber", Long.toString(sequenceNumber.incrementAndGet()))
                    .put("ShardId", shardOfAnswers);
        }
        response.put("FailedRecordCount", failed);
        return new Answer(200, JSON.writeValueAsString(response));
    }

    /** Stops listening, also on the connections that are open. */
    @Override
    public void close() {
        server.stop(0);
        executor.shutdownNow();
    }
}
