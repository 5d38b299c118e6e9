package io.tapestream.table;

import io.tapestream.aws.EndpointTrust;
import io.tapestream.aws.SdkFailure;
import io.tapestream.aws.UnusableCertificatesException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbClientBuilder;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.BatchGetItemResponse;
import software.amazon.awssdk.services.dynamodb.model.KeysAndAttributes;
import software.amazon.awssdk.services.dynamodb.model.ScanRequest;
import software.amazon.awssdk.services.dynamodb.model.ScanResponse;

/**
 * Reads items by their ids, or all of a feed and a time. Confined to one thread.
 *
 * <p>What is not answered now (throttled, unprocessed, unreachable) is asked again with back-off; too often in a row,
 * or a definite refusal, is a {@link TableRefusedException}. The SDK's own retries are off, so that there is one bound.
 */
public final class TableReader implements AutoCloseable {
    /** Most ids of one read: DynamoDB's limit. */
    public static final int MAX_IDS = 100;

    private static final Logger log = LoggerFactory.getLogger(TableReader.class);

    private static final Duration ATTEMPT_TIMEOUT = Duration.ofSeconds(10);

    private final TableSettings settings;
    private final String where;
    private final SdkHttpClient http;
    private final DynamoDbClient client;
    private final Backoff backoff;

    private TableReader(
            TableSettings settings, SdkHttpClient http, AwsCredentialsProvider credentials, Backoff backoff) {
        this.settings = settings;
        this.where = where(settings);
        this.http = http;
        this.client = client(settings, http, credentials);
        this.backoff = backoff;
    }

    /**
     * Opens a reader with the credentials of AWS's default chain; asks the table nothing yet.
     *
     * @throws TableRefusedException no credentials, or unusable certificates
     */
    public static TableReader open(TableSettings settings, Pause pause, RandomGenerator random) {
        return open(settings, DefaultCredentialsProvider.builder().build(), new Backoff(pause, random));
    }

    static TableReader open(TableSettings settings, AwsCredentialsProvider credentials, Backoff backoff) {
        String why = SdkFailure.ofCredentials(credentials);
        if (why != null) {
            log.debug("credentials not resolved cause=\"{}\"", why);
            throw new TableRefusedException("no AWS credentials: " + where(settings)
                    + " (set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or give the host a role)");
        }
        try {
            SdkHttpClient http =
                    EndpointTrust.httpClient(settings.caFile(), settings.verifyCertificate(), ATTEMPT_TIMEOUT);
            return new TableReader(settings, http, credentials, backoff);
        } catch (UnusableCertificatesException e) {
            throw new TableRefusedException(String.valueOf(e.getMessage()));
        }
    }

    private static String where(TableSettings settings) {
        return "table=" + settings.name() + " region=" + settings.region() + " endpoint="
                + (settings.endpoint() == null ? "aws" : settings.endpoint());
    }

    private static DynamoDbClient client(
            TableSettings settings, SdkHttpClient http, AwsCredentialsProvider credentials) {
        DynamoDbClientBuilder builder = DynamoDbClient.builder()
                .httpClient(http)
                .region(Region.of(settings.region()))
                .credentialsProvider(credentials)
                .overrideConfiguration(override ->
                        override.apiCallAttemptTimeout(ATTEMPT_TIMEOUT).retryStrategy(retry -> retry.maxAttempts(1)));
        if (settings.endpoint() != null) {
            builder.endpointOverride(settings.endpoint());
        }
        return builder.build();
    }

    /**
     * Reads the items of at most {@link #MAX_IDS} different ids; an id that the table does not hold is not in the map.
     *
     * @param consistent whether all that was stored before is seen for certain, at twice the price
     * @throws TableRefusedException the table cannot be read
     */
    public Map<String, TradeItem> read(Collection<String> ids, boolean consistent) throws InterruptedException {
        Map<String, TradeItem> items = new HashMap<>();
        List<Map<String, AttributeValue>> pending = new ArrayList<>();
        ids.forEach(id -> pending.add(Map.of(TradeItem.TRADE_ID, AttributeValue.fromS(id))));
        while (!pending.isEmpty()) {
            KeysAndAttributes keys = KeysAndAttributes.builder()
                    .keys(List.copyOf(pending))
                    .consistentRead(consistent)
                    .projectionExpression(projection())
                    .expressionAttributeNames(names())
                    .build();
            BatchGetItemResponse answer = ask(
                    "BatchGetItem",
                    () -> client.batchGetItem(request -> request.requestItems(Map.of(settings.name(), keys))));
            answer.responses().getOrDefault(settings.name(), List.of()).stream()
                    .map(TradeItem::ofAttributes)
                    .forEach(item -> items.put(item.tradeId(), item));
            int asked = pending.size();
            pending.clear();
            KeysAndAttributes unprocessed = answer.unprocessedKeys().get(settings.name());
            if (unprocessed != null) {
                pending.addAll(unprocessed.keys());
            }
            afterAnswer(asked, pending.size());
        }
        return items;
    }

    private void afterAnswer(int asked, int unprocessed) throws InterruptedException {
        if (unprocessed < asked) {
            backoff.succeed();
        }
        if (unprocessed > 0 && !backoff.fail()) {
            throw new TableRefusedException("table leaves keys unprocessed: " + where + " keys=" + unprocessed
                    + " attempts=" + backoff.failures() + " (give it more read capacity, then try again)");
        }
    }

    /**
     * Hands over every item of a feed that was received between two times, in epoch milliseconds, both included. Reads
     * the whole table, whose items may change meanwhile.
     *
     * @throws TableRefusedException the table cannot be read
     */
    public void scan(String feed, long fromMillis, long toMillis, Consumer<TradeItem> handler)
            throws InterruptedException {
        ScanRequest request = ScanRequest.builder()
                .tableName(settings.name())
                .projectionExpression(projection())
                .filterExpression("#feed = :feed AND #received_at BETWEEN :from AND :to")
                .expressionAttributeNames(names())
                .expressionAttributeValues(Map.of(
                        ":feed", AttributeValue.fromS(feed),
                        ":from", AttributeValue.fromN(Long.toString(fromMillis)),
                        ":to", AttributeValue.fromN(Long.toString(toMillis))))
                .build();
        boolean isLast = false;
        while (!isLast) {
            ScanRequest page = request;
            ScanResponse answer = ask("Scan", () -> client.scan(page));
            backoff.succeed();
            answer.items().stream().map(TradeItem::ofAttributes).forEach(handler);
            isLast = !answer.hasLastEvaluatedKey();
            request = request.toBuilder()
                    .exclusiveStartKey(answer.lastEvaluatedKey())
                    .build();
        }
    }

    private static List<String> attributes() {
        List<String> attributes = new ArrayList<>(TradeItem.COMPARED);
        attributes.add(TradeItem.TRADE_ID);
        attributes.add(TradeItem.RECEIVED_AT);
        return attributes;
    }

    private static String projection() {
        return "#" + String.join(",#", attributes());
    }

    /** Every name through a placeholder, since some are words of DynamoDB's own. */
    private static Map<String, String> names() {
        Map<String, String> names = new HashMap<>();
        attributes().forEach(name -> names.put("#" + name, name));
        return names;
    }

    private <T> T ask(String operation, Supplier<T> question) throws InterruptedException {
        while (true) {
            try {
                return question.get();
            } catch (SdkException e) {
                afterFailure(operation, SdkFailure.of(e));
            }
        }
    }

    /** Waits if asking again may help, else throws. */
    private void afterFailure(String operation, SdkFailure failure) throws InterruptedException {
        String said = " operation=" + operation + " code=" + failure.code() + " message=\"" + failure.message() + "\"";
        switch (failure.kind()) {
            case NOT_FOUND ->
                throw new TableRefusedException("table not found: " + where
                        + " (provision it, or correct table.name, kinesis.region, table.endpoint)");
            case DENIED ->
                throw new TableRefusedException("access to the table denied: " + where + said
                        + " (check the credentials; they need dynamodb:BatchGetItem, and dynamodb:Scan for --scan, on the"
                        + " table)");
            case REFUSED ->
                throw new TableRefusedException(
                        "table not usable: " + where + said + " (check table.name, kinesis.region, table.endpoint)");
            case UNTRUSTED, NO_TLS ->
                throw new TableRefusedException("no trusted TLS: " + where + said
                        + " (set kinesis.ca-file to the authority that signed the endpoint's certificate, and check the"
                        + " endpoint)");
            case TRANSIENT -> {
                log.debug("table not read {}{}", where, said);
                if (!backoff.fail()) {
                    throw new TableRefusedException("table not read: " + where + said + " attempts="
                            + backoff.failures() + " (check network and read capacity, then try again)");
                }
            }
        }
    }

    @Override
    public void close() {
        client.close();
        http.close();
    }
}
