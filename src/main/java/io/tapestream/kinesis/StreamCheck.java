package io.tapestream.kinesis;

import io.tapestream.aws.EndpointTrust;
import io.tapestream.aws.SdkFailure;
import io.tapestream.aws.UnusableCertificatesException;
import java.net.URI;
import java.time.Duration;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.core.SdkSystemSetting;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.kinesis.KinesisClient;
import software.amazon.awssdk.services.kinesis.KinesisClientBuilder;
import software.amazon.awssdk.services.kinesis.model.RecordDistributionStrategy;
import software.amazon.awssdk.services.kinesis.model.StreamDescriptionSummary;
import software.amazon.awssdk.services.kinesis.model.StreamStatus;

/** Asks, before anything is put, whether the stream can take aggregated records from here. */
public final class StreamCheck {
    private static final Logger log = LoggerFactory.getLogger(StreamCheck.class);

    private static final Duration ATTEMPT_TIMEOUT = Duration.ofSeconds(3);
    private static final Duration CALL_TIMEOUT = Duration.ofSeconds(8);
    private static final int MAX_ATTEMPTS = 3;
    private static final int CREATION_POLLS = 20;
    private static final Duration CREATION_POLL_INTERVAL = Duration.ofSeconds(1);
    private static final Pattern STREAM_NAME = Pattern.compile("[a-zA-Z0-9_.-]{1,128}");

    /** What the endpoint said. */
    public enum Answer {
        /** The stream is there and takes records. */
        READY,
        /** Nobody answered; the stream may be fine. */
        UNREACHABLE
    }

    private final KinesisSettings settings;
    private final String where;

    private StreamCheck(KinesisSettings settings) {
        this.settings = settings;
        this.where = "stream=" + settings.stream() + " region=" + settings.region() + " endpoint="
                + (settings.endpoint() == null ? "aws" : settings.endpoint());
    }

    /**
     * Checks this host (architecture, C library, temporary directory) and then the stream; blocks for a bounded time.
     *
     * @throws StreamRefusedException stream not found, access denied, service-managed record distribution, temporary
     *     directory unusable, wrong architecture or C library
     */
    public static Answer check(KinesisSettings settings) {
        new HostCheck(HostFacts.ofThisHost(), settings.tempDirectory()).run();
        return checkStream(settings, DefaultCredentialsProvider.builder().build());
    }

    /** Checks the settings of the stream, and then the stream itself. */
    static Answer checkStream(KinesisSettings settings, AwsCredentialsProvider credentials) {
        StreamCheck check = new StreamCheck(settings);
        check.checkSettings();
        check.checkCredentials(credentials);
        try (SdkHttpClient http = check.httpClient();
                KinesisClient client = check.client(http, credentials)) {
            Answer answer = check.ask("DescribeStreamSummary", () -> check.describe(client));
            // Without the shards the KPL would put every user record un-aggregated, and only log why.
            return answer == Answer.READY ? check.ask("ListShards", () -> check.listShards(client)) : answer;
        }
    }

    private void checkSettings() {
        if (!STREAM_NAME.matcher(settings.stream()).matches()) {
            throw new StreamRefusedException("stream name not valid: stream=\"" + settings.stream()
                    + "\" (kinesis.stream: 1 to 128 letters, digits, '_', '.', '-')");
        }
        URI endpoint = settings.endpoint();
        if (endpoint != null && !isHttpsHost(endpoint)) {
            throw new StreamRefusedException("endpoint not usable: endpoint=" + endpoint
                    + " (kinesis.endpoint: https://host or https://host:port, nothing after it)");
        }
        try {
            KplProducers.configuration(settings);
        } catch (IllegalArgumentException e) {
            throw new StreamRefusedException(
                    "setting refused by the Kinesis Producer Library: " + where + " cause=\"" + e.getMessage() + "\"");
        }
    }

    private static boolean isHttpsHost(URI endpoint) {
        String path = endpoint.getRawPath();
        return "https".equals(endpoint.getScheme())
                && endpoint.getHost() != null
                && endpoint.getUserInfo() == null
                && endpoint.getRawQuery() == null
                && endpoint.getRawFragment() == null
                && (path == null || path.isEmpty() || path.equals("/"));
    }

    private void checkCredentials(AwsCredentialsProvider credentials) {
        String why = SdkFailure.ofCredentials(credentials);
        if (why != null) {
            log.debug("credentials not resolved cause=\"{}\"", why);
            throw new StreamRefusedException("no AWS credentials: " + where
                    + " (set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or give the host a role)");
        }
    }

    private SdkHttpClient httpClient() {
        try {
            return EndpointTrust.httpClient(settings.caFile(), settings.verifyCertificate(), ATTEMPT_TIMEOUT);
        } catch (UnusableCertificatesException e) {
            throw new StreamRefusedException(String.valueOf(e.getMessage()));
        }
    }

    private KinesisClient client(SdkHttpClient http, AwsCredentialsProvider credentials) {
        // AWS understands JSON and CBOR, emulators of it often JSON only; the SDK has no such option for one client.
        System.setProperty(SdkSystemSetting.CBOR_ENABLED.property(), "false");
        KinesisClientBuilder builder = KinesisClient.builder()
                .httpClient(http)
                .region(Region.of(settings.region()))
                .credentialsProvider(credentials)
                .overrideConfiguration(override -> override.apiCallAttemptTimeout(ATTEMPT_TIMEOUT)
                        .apiCallTimeout(CALL_TIMEOUT)
                        .retryStrategy(retry -> retry.maxAttempts(MAX_ATTEMPTS)));
        if (settings.endpoint() != null) {
            builder.endpointOverride(settings.endpoint());
        }
        return builder.build();
    }

    private Answer ask(String operation, Supplier<Answer> question) {
        try {
            return question.get();
        } catch (SdkException e) {
            return answerTo(e, operation);
        }
    }

    private Answer listShards(KinesisClient client) {
        client.listShards(request -> request.streamName(settings.stream()).maxResults(1));
        return Answer.READY;
    }

    private Answer describe(KinesisClient client) {
        for (int polls = 0; polls < CREATION_POLLS; polls++) {
            StreamDescriptionSummary summary = client.describeStreamSummary(
                            request -> request.streamName(settings.stream()))
                    .streamDescriptionSummary();
            if (summary.streamStatus() != StreamStatus.CREATING) {
                checkSummary(summary);
                return Answer.READY;
            }
            if (!pause()) {
                break;
            }
        }
        log.warn("stream is still being created {}", where);
        return Answer.UNREACHABLE;
    }

    private static boolean pause() {
        try {
            Thread.sleep(CREATION_POLL_INTERVAL.toMillis());
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private void checkSummary(StreamDescriptionSummary summary) {
        if (summary.streamStatus() == StreamStatus.DELETING) {
            throw new StreamRefusedException(
                    "stream is being deleted: " + where + " (create it again, or name another)");
        }
        if (summary.recordDistributionStrategy() == RecordDistributionStrategy.AUTO) {
            throw new StreamRefusedException("stream distributes records by itself: " + where
                    + " strategy=AUTO (its readers lose aggregated records: set the stream's record distribution"
                    + " strategy to USER_PARTITION_KEY)");
        }
    }

    private Answer answerTo(SdkException e, String operation) {
        SdkFailure failure = SdkFailure.of(e);
        switch (failure.kind()) {
            case NOT_FOUND ->
                throw new StreamRefusedException("stream not found: " + where
                        + " (create it, or correct kinesis.stream, kinesis.region, kinesis.endpoint)");
            case DENIED ->
                throw new StreamRefusedException("access to the stream denied: " + where + " operation=" + operation
                        + " code=" + failure.code() + " message=\"" + failure.message()
                        + "\" (check the credentials; they need kinesis:DescribeStreamSummary, kinesis:ListShards and"
                        + " kinesis:PutRecords on the stream)");
            case REFUSED ->
                throw new StreamRefusedException("stream not usable: " + where + " operation=" + operation + " status="
                        + failure.status() + " code=" + failure.code()
                        + " (check kinesis.stream, kinesis.region, kinesis.endpoint)");
            case UNTRUSTED ->
                throw new StreamRefusedException("certificate of the endpoint not trusted: " + where + " cause=\""
                        + failure.message()
                        + "\" (set kinesis.ca-file to the authority that signed it, and check the host's name)");
            case NO_TLS ->
                throw new StreamRefusedException(
                        "no TLS: " + where + " cause=\"" + failure.message() + "\" (the endpoint has to speak TLS)");
            case TRANSIENT -> {
                log.warn("stream not reached {} operation={} cause=\"{}\"", where, operation, e.toString());
                return Answer.UNREACHABLE;
            }
        }
        throw new AssertionError(failure.kind());
    }
}
