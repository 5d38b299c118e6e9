package io.tapestream.lease;

import io.tapestream.aws.EndpointTrust;
import io.tapestream.aws.SdkFailure;
import io.tapestream.aws.UnusableCertificatesException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbClientBuilder;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.ConditionalCheckFailedException;
import software.amazon.awssdk.services.dynamodb.model.ReturnValuesOnConditionCheckFailure;

/**
 * A key's row in DynamoDB. All it needs is the right to UpdateItem: a condition that does not hold is answered with the
 * row.
 *
 * <pre>
 * lease      S  hash of the key
 * holder     S  id of a run of the program; absent when the lease is nobody's
 * host, pid  S, N  for people
 * since      N  epoch ms by the holder's clock, for people
 * duration   N  ms after the last write during which nobody else takes it
 * version    N  one more with each write, so that an answer that was lost is no matter
 * </pre>
 */
public final class LeaseTable implements LeaseRows {
    static final String KEY = "lease";

    private static final Duration LONGEST_CALL = Duration.ofSeconds(3);
    private static final Duration SHORTEST_CALL = Duration.ofSeconds(1);
    /** The second is for the SDK: from an answer that says so it learns by how much the host's clock is wrong. */
    private static final int MAX_ATTEMPTS = 2;

    private static final Map<String, String> NAMES = Map.of(
            "#holder", "holder",
            "#host", "host",
            "#pid", "pid",
            "#since", "since",
            "#duration", "duration",
            "#version", "version");
    private static final String CLAIM = "SET #holder = :holder, #host = :host, #pid = :pid, #since = :since,"
            + " #duration = :duration ADD #version :one";
    private static final String UNCHANGED = " OR (#version = :expired AND #holder = :other)";
    private static final String FREE_OR_OURS = "attribute_not_exists(#holder) OR #holder = :holder";

    private final LeaseSettings settings;
    private final String lease;
    private final Holder holder;
    private final String where;
    private final SdkHttpClient http;
    private final DynamoDbClient client;

    private LeaseTable(
            LeaseSettings settings,
            String lease,
            Holder holder,
            SdkHttpClient http,
            AwsCredentialsProvider credentials,
            Duration callTimeout) {
        this.settings = settings;
        this.lease = lease;
        this.holder = holder;
        this.where = where(settings);
        this.http = http;
        this.client = client(settings, http, credentials, callTimeout);
    }

    /**
     * Opens the row of a key with the credentials of AWS's default chain, and asks nothing yet.
     *
     * @param lease hash of the key
     * @param holder for whom it will be taken
     * @throws LeaseRefusedException no credentials, or unusable certificates
     */
    public static LeaseTable open(LeaseSettings settings, String lease, Holder holder) {
        return open(
                settings, lease, holder, DefaultCredentialsProvider.builder().build());
    }

    static LeaseTable open(LeaseSettings settings, String lease, Holder holder, AwsCredentialsProvider credentials) {
        if (SdkFailure.ofCredentials(credentials) != null) {
            throw new LeaseRefusedException("no AWS credentials: " + where(settings)
                    + " (set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or give the host a role)");
        }
        Duration callTimeout = callTimeout(settings);
        try {
            SdkHttpClient http = EndpointTrust.httpClient(settings.caFile(), settings.verifyCertificate(), callTimeout);
            return new LeaseTable(settings, lease, holder, http, credentials, callTimeout);
        } catch (UnusableCertificatesException e) {
            throw new LeaseRefusedException(String.valueOf(e.getMessage()));
        }
    }

    private static Duration callTimeout(LeaseSettings settings) {
        Duration interval = settings.tryInterval();
        Duration longest = interval.compareTo(LONGEST_CALL) < 0 ? interval : LONGEST_CALL;
        return longest.compareTo(SHORTEST_CALL) < 0 ? SHORTEST_CALL : longest;
    }

    private static String where(LeaseSettings settings) {
        return "table=" + settings.table() + " region=" + settings.region() + " endpoint="
                + (settings.endpoint() == null ? "aws" : settings.endpoint());
    }

    private static DynamoDbClient client(
            LeaseSettings settings, SdkHttpClient http, AwsCredentialsProvider credentials, Duration callTimeout) {
        DynamoDbClientBuilder builder = DynamoDbClient.builder()
                .httpClient(http)
                .region(Region.of(settings.region()))
                .credentialsProvider(credentials)
                .overrideConfiguration(override ->
                        override.apiCallTimeout(callTimeout).retryStrategy(retry -> retry.maxAttempts(MAX_ATTEMPTS)));
        if (settings.endpoint() != null) {
            builder.endpointOverride(settings.endpoint());
        }
        return builder.build();
    }

    /**
     * Asks, without changing anything, whether the table can be used; blocks for a bounded time.
     *
     * @return null if it can, else why nobody knows: it was not reached
     * @throws LeaseRefusedException it cannot: not found, denied, of another key, not trusted
     */
    public @Nullable String check() {
        try {
            ask();
            return null;
        } catch (SdkException e) {
            SdkFailure failure = SdkFailure.of(e);
            if (failure.kind() == SdkFailure.Kind.TRANSIENT) {
                return describe(failure);
            }
            throw new LeaseRefusedException(refusal(failure));
        }
    }

    /** Makes a write that its condition lets never happen. */
    private void ask() {
        try {
            client.updateItem(request -> request.tableName(settings.table())
                    .key(key())
                    .updateExpression("ADD #version :one")
                    .conditionExpression("attribute_exists(#lease) AND attribute_not_exists(#lease)")
                    .expressionAttributeNames(Map.of("#version", "version", "#lease", KEY))
                    .expressionAttributeValues(Map.of(":one", number(1))));
            throw new IllegalStateException("a condition that cannot hold did: " + where);
        } catch (ConditionalCheckFailedException e) {
            // answered
        }
    }

    @Override
    public void probe() throws LeaseUnansweredException {
        try {
            ask();
        } catch (SdkException e) {
            throw new LeaseUnansweredException(describe(SdkFailure.of(e)));
        }
    }

    @Override
    public @Nullable LeaseRow claim(long sinceMillis, @Nullable LeaseRow expired) throws LeaseUnansweredException {
        Map<String, AttributeValue> values = new HashMap<>(Map.of(
                ":holder", text(holder.id()),
                ":host", text(holder.host()),
                ":pid", number(holder.pid()),
                ":since", number(sinceMillis),
                ":duration", number(settings.duration().toMillis()),
                ":one", number(1)));
        if (expired == null) {
            return update(CLAIM, FREE_OR_OURS, values);
        }
        values.put(":expired", number(expired.version()));
        values.put(":other", text(expired.holder().id()));
        return update(CLAIM, FREE_OR_OURS + UNCHANGED, values);
    }

    @Override
    public void release() throws LeaseUnansweredException {
        Map<String, AttributeValue> values = Map.of(":holder", text(holder.id()), ":one", number(1));
        LeaseRow unused = update("REMOVE #holder ADD #version :one", "#holder = :holder", values);
    }

    private @Nullable LeaseRow update(String update, String condition, Map<String, AttributeValue> values)
            throws LeaseUnansweredException {
        Map<String, String> names = new HashMap<>(NAMES);
        names.keySet().removeIf(name -> !update.contains(name) && !condition.contains(name));
        try {
            client.updateItem(request -> request.tableName(settings.table())
                    .key(key())
                    .updateExpression(update)
                    .conditionExpression(condition)
                    .expressionAttributeNames(names)
                    .expressionAttributeValues(values)
                    .returnValuesOnConditionCheckFailure(ReturnValuesOnConditionCheckFailure.ALL_OLD));
            return null;
        } catch (ConditionalCheckFailedException e) {
            return row(e.item());
        } catch (SdkException e) {
            throw new LeaseUnansweredException(describe(SdkFailure.of(e)));
        }
    }

    private static LeaseRow row(Map<String, AttributeValue> item) {
        Holder holder = new Holder(textOf(item, "holder"), textOf(item, "host"), longOf(item, "pid"));
        return new LeaseRow(
                holder, longOf(item, "since"), longOf(item, "version"), Duration.ofMillis(longOf(item, "duration")));
    }

    private static String textOf(Map<String, AttributeValue> item, String name) {
        String text = item.getOrDefault(name, text("")).s();
        return text == null ? "" : text;
    }

    private static long longOf(Map<String, AttributeValue> item, String name) {
        String number = item.getOrDefault(name, number(0)).n();
        return number == null ? 0 : Long.parseLong(number);
    }

    private Map<String, AttributeValue> key() {
        return Map.of(KEY, text(lease));
    }

    private static AttributeValue text(String value) {
        return AttributeValue.fromS(value);
    }

    private static AttributeValue number(long value) {
        return AttributeValue.fromN(Long.toString(value));
    }

    private String describe(SdkFailure failure) {
        return where + " status=" + failure.status() + " code=" + failure.code() + " message=\"" + failure.message()
                + "\"";
    }

    private String refusal(SdkFailure failure) {
        return switch (failure.kind()) {
            case NOT_FOUND ->
                "table of leases not found: " + where
                        + " (create it with scripts/provision.sh, or correct lease.table, kinesis.region, table.endpoint)";
            case DENIED ->
                "access to the table of leases denied: " + where + " operation=UpdateItem code=" + failure.code()
                        + " message=\"" + failure.message()
                        + "\" (check the credentials; they need dynamodb:UpdateItem on the table)";
            case UNTRUSTED ->
                "certificate of the endpoint not trusted: " + where + " cause=\"" + failure.message()
                        + "\" (set kinesis.ca-file to the authority that signed it, and check the host's name)";
            case NO_TLS -> "no TLS: " + where + " cause=\"" + failure.message() + "\" (the endpoint has to speak TLS)";
            case REFUSED, TRANSIENT ->
                "table of leases not usable: " + where + " operation=UpdateItem status=" + failure.status() + " code="
                        + failure.code() + " message=\"" + failure.message()
                        + "\" (it needs the one key attribute lease, a string; check lease.table)";
        };
    }

    @Override
    public void close() {
        client.close();
        http.close();
    }
}
