package io.tapestream.table;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A DynamoDB endpoint with one table, over HTTP on the loopback address: reads batches and scans pages of two items,
 * and says no, or not all, when it is told to. What a read has missed lately is seen by consistent reads only.
 */
public final class FakeTable implements AutoCloseable {
    public static final String NAME = "ProcessedTradesDynamoDB";

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int PAGE = 2;

    private final HttpServer server;
    private final Map<String, ObjectNode> items = new LinkedHashMap<>();
    private final Map<String, ObjectNode> late = new LinkedHashMap<>();
    private final Deque<String> errors = new ArrayDeque<>();
    private final Deque<Integer> processed = new ArrayDeque<>();
    private final List<JsonNode> requests = new ArrayList<>();

    private FakeTable() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", this::handle);
    }

    /** Starts an endpoint with an empty table. */
    public static FakeTable start() throws IOException {
        FakeTable table = new FakeTable();
        table.server.start();
        return table;
    }

    /** Its address. */
    public URI uri() {
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
    }

    /** Holds the item that a line should become. */
    public synchronized ObjectNode store(JsonNode line) {
        ObjectNode item = itemOf(line);
        items.put(idOf(item), item);
        return item;
    }

    /** Holds it likewise, but so lately that only consistent reads see it. */
    public synchronized void storeLately(JsonNode line) {
        ObjectNode item = itemOf(line);
        late.put(idOf(item), item);
    }

    /** Does not hold an id any more. */
    public synchronized void remove(String tradeId) {
        items.remove(tradeId);
    }

    /** Answers the next request with this error, one after the other. */
    public synchronized void fail(String... codes) {
        errors.addAll(List.of(codes));
    }

    /** Processes only so many keys of the next batch, one after the other. */
    public synchronized void process(Integer... keys) {
        processed.addAll(List.of(keys));
    }

    /** The requests that it was asked, in order. */
    public synchronized List<JsonNode> requests() {
        return List.copyOf(requests);
    }

    private static ObjectNode itemOf(JsonNode line) {
        ObjectNode item = JSON.createObjectNode();
        item.putObject("kind").put("S", "trade");
        line.properties().forEach(field -> item.set(field.getKey(), attribute(field.getValue())));
        return item;
    }

    private static ObjectNode attribute(JsonNode value) {
        ObjectNode attribute = JSON.createObjectNode();
        if (value.isArray()) {
            ArrayNode list = attribute.putArray("L");
            value.forEach(element -> list.add(attribute(element)));
        } else {
            attribute.put(value.isNumber() ? "N" : "S", value.asText());
        }
        return attribute;
    }

    private static String idOf(JsonNode item) {
        return item.get("trade_id").get("S").textValue();
    }

    private void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            JsonNode request = JSON.readTree(exchange.getRequestBody().readAllBytes());
            String target = exchange.getRequestHeaders().getFirst("X-Amz-Target");
            answer(exchange, target, request);
        }
    }

    private synchronized void answer(HttpExchange exchange, String target, JsonNode request) throws IOException {
        requests.add(request);
        String error = errors.poll();
        if (error != null) {
            send(
                    exchange,
                    error.startsWith("Internal") ? 500 : 400,
                    JSON.createObjectNode()
                            .put("__type", "com.amazonaws.dynamodb.v20120810#" + error)
                            .put("message", error + " by the test"));
        } else if (target.endsWith(".BatchGetItem")) {
            send(exchange, 200, batch(request.get("RequestItems").get(NAME)));
        } else {
            send(exchange, 200, page(request));
        }
    }

    private ObjectNode batch(JsonNode request) {
        Integer limit = processed.poll();
        ObjectNode response = JSON.createObjectNode();
        ArrayNode found = response.putObject("Responses").putArray(NAME);
        ObjectNode unprocessed = response.putObject("UnprocessedKeys");
        int read = 0;
        for (JsonNode key : request.get("Keys")) {
            if (limit != null && read++ >= limit) {
                ((ObjectNode) (unprocessed.has(NAME) ? unprocessed.get(NAME) : unprocessed.putObject(NAME)))
                        .withArray("Keys")
                        .add(key);
                continue;
            }
            ObjectNode item = item(idOf(key), request.get("ConsistentRead").booleanValue());
            if (item != null) {
                found.add(item);
            }
        }
        return response;
    }

    private @Nullable ObjectNode item(String id, boolean consistent) {
        return consistent && late.containsKey(id) ? late.get(id) : items.get(id);
    }

    /** The next items of the table, and of these the ones that the filter of the reader lets through. */
    private ObjectNode page(JsonNode request) {
        List<ObjectNode> all = List.copyOf(items.values());
        JsonNode start = request.get("ExclusiveStartKey");
        int first = start == null ? 0 : List.copyOf(items.keySet()).indexOf(idOf(start)) + 1;
        int end = Math.min(all.size(), first + PAGE);
        JsonNode values = request.get("ExpressionAttributeValues");
        ObjectNode response = JSON.createObjectNode();
        ArrayNode found = response.putArray("Items");
        for (ObjectNode item : all.subList(first, end)) {
            long receivedAt = item.get("received_at").get("N").asLong();
            if (item.get("feed").equals(values.get(":feed"))
                    && receivedAt >= values.get(":from").get("N").asLong()
                    && receivedAt <= values.get(":to").get("N").asLong()) {
                found.add(item);
            }
        }
        if (end < all.size()) {
            response.putObject("LastEvaluatedKey")
                    .set("trade_id", all.get(end - 1).get("trade_id"));
        }
        return response;
    }

    private static void send(HttpExchange exchange, int status, ObjectNode answer) throws IOException {
        byte[] bytes = JSON.writeValueAsBytes(answer);
        exchange.getResponseHeaders().set("Content-Type", "application/x-amz-json-1.0");
        exchange.sendResponseHeaders(status, bytes.length);
        exchange.getResponseBody().write(bytes);
    }

    /** Stops listening. */
    @Override
    public void close() {
        server.stop(0);
    }
}
