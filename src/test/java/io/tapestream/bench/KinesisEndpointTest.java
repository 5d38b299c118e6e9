package io.tapestream.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tapestream.aws.EndpointTrust;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.core.SdkSystemSetting;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.kinesis.KinesisClient;
import software.amazon.awssdk.services.kinesis.model.ProvisionedThroughputExceededException;
import software.amazon.awssdk.services.kinesis.model.PutRecordsRequestEntry;
import software.amazon.awssdk.services.kinesis.model.PutRecordsResponse;
import software.amazon.awssdk.services.kinesis.model.Shard;
import software.amazon.awssdk.services.kinesis.model.StreamDescriptionSummary;
import software.amazon.awssdk.services.kinesis.model.StreamStatus;

/** The endpoint, asked by the AWS SDK in both of its protocols. */
class KinesisEndpointTest {
    private static final int MIB = 1 << 20;

    @TempDir
    static Path certificates;

    @TempDir
    Path folder;

    private final AtomicLong nanos = new AtomicLong();
    private final List<AutoCloseable> opened = new ArrayList<>();
    private Path received = Path.of("");

    @BeforeAll
    static void makeCertificate() throws IOException {
        EndpointCertificate.create(certificates);
    }

    @AfterEach
    void close() throws Exception {
        for (int i = opened.size() - 1; i >= 0; i--) {
            opened.get(i).close();
        }
    }

    private KinesisClient endpoint(int shards, boolean isLimited, boolean isCbor) throws IOException {
        received = folder.resolve("received");
        var shared = new KinesisEndpoint.Shared(
                "stream-load",
                new Shards(shards, isLimited, nanos::get),
                new Answers(),
                new EndpointCounts(),
                ReceivedLog.create(received),
                e -> {
                    throw new AssertionError(e);
                });
        KinesisEndpoint endpoint = KinesisEndpoint.start(
                shared, EndpointCertificate.certificate(certificates), EndpointCertificate.key(certificates));
        opened.add(endpoint);
        System.setProperty(SdkSystemSetting.CBOR_ENABLED.property(), Boolean.toString(isCbor));
        SdkHttpClient http =
                EndpointTrust.httpClient(EndpointCertificate.certificate(certificates), true, Duration.ofSeconds(10));
        opened.add(http);
        KinesisClient client = KinesisClient.builder()
                .httpClient(http)
                .endpointOverride(endpoint.uri())
                .region(Region.US_EAST_1)
                .credentialsProvider(StaticCredentialsProvider.create(AwsBasicCredentials.create("load", "load")))
                .overrideConfiguration(c -> c.retryStrategy(r -> r.maxAttempts(1)))
                .build();
        opened.add(client);
        System.setProperty(SdkSystemSetting.CBOR_ENABLED.property(), "false");
        return client;
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void keepsEveryRecordOfEveryRequestAsItCame(boolean isCbor) throws Exception {
        KinesisClient client = endpoint(4, false, isCbor);

        PutRecordsResponse answer = putRecords(client, entry("a", "0", "first"), entry("b", null, "second"));
        String shard = client.putRecord(r -> r.streamName("stream-load")
                        .partitionKey("c")
                        .explicitHashKey(BigInteger.ONE.shiftLeft(127).toString())
                        .data(SdkBytes.fromUtf8String("third")))
                .shardId();

        assertThat(answer.failedRecordCount()).isZero();
        assertThat(answer.records())
                .hasSize(2)
                .allSatisfy(result -> assertThat(result.sequenceNumber()).isNotEmpty());
        assertThat(answer.records().get(0).shardId()).isEqualTo("shardId-000000000000");
        assertThat(shard).isEqualTo("shardId-000000000002");
        close();
        opened.clear();
        assertThat(kept()).containsExactly("a first", "b second", "c third");
    }

    @Test
    void describesItsStreamAndShards() throws IOException {
        KinesisClient client = endpoint(3, false, false);

        StreamDescriptionSummary summary =
                client.describeStreamSummary(r -> r.streamName("stream-load")).streamDescriptionSummary();
        List<Shard> shards = client.listShards(r -> r.streamName("stream-load")).shards();

        assertThat(summary.streamStatus()).isEqualTo(StreamStatus.ACTIVE);
        assertThat(summary.openShardCount()).isEqualTo(3);
        assertThat(shards).hasSize(3);
        assertThat(shards.get(0).hashKeyRange().startingHashKey()).isEqualTo("0");
        assertThat(new BigInteger(shards.get(0).hashKeyRange().endingHashKey()).add(BigInteger.ONE))
                .isEqualTo(new BigInteger(shards.get(1).hashKeyRange().startingHashKey()));
        assertThat(shards.get(2).hashKeyRange().endingHashKey())
                .isEqualTo(
                        BigInteger.ONE.shiftLeft(128).subtract(BigInteger.ONE).toString());
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void refusesTheRecordsThatAShardHasNoRoomFor(boolean isCbor) throws Exception {
        KinesisClient client = endpoint(2, true, isCbor);
        String half = "x".repeat(MIB / 2 - 1);

        PutRecordsResponse answer = putRecords(
                client,
                entry("a", "0", half),
                entry("a", "0", half),
                entry("a", "0", "more"),
                entry("a", high(), half));

        assertThat(answer.failedRecordCount()).isEqualTo(1);
        assertThat(answer.records().get(2).errorCode()).isEqualTo("ProvisionedThroughputExceededException");
        assertThat(answer.records().get(3).errorCode()).isNull();
        assertThatThrownBy(() -> client.putRecord(r -> r.streamName("stream-load")
                        .partitionKey("a")
                        .explicitHashKey("0")
                        .data(SdkBytes.fromUtf8String("more"))))
                .isInstanceOf(ProvisionedThroughputExceededException.class);
        nanos.addAndGet(1_000_000);
        assertThat(putRecords(client, entry("a", "0", "more")).failedRecordCount())
                .isZero();
        close();
        opened.clear();
        assertThat(kept()).containsExactly("a " + half, "a " + half, "a " + half, "a more");
    }

    @Test
    void takesAThousandRecordsASecondAShard() throws IOException {
        KinesisClient client = endpoint(1, true, true);
        PutRecordsRequestEntry[] most =
                IntStream.range(0, 500).mapToObj(i -> entry("a", null, "x")).toArray(PutRecordsRequestEntry[]::new);

        assertThat(putRecords(client, most).failedRecordCount()).isZero();
        assertThat(putRecords(client, most).failedRecordCount()).isZero();
        assertThat(putRecords(client, most).failedRecordCount()).isEqualTo(500);
        nanos.addAndGet(250_000_000);
        assertThat(putRecords(client, most).failedRecordCount()).isEqualTo(250);
    }

    private static String high() {
        return BigInteger.ONE.shiftLeft(128).subtract(BigInteger.ONE).toString();
    }

    private static PutRecordsRequestEntry entry(String partitionKey, @Nullable String explicitHashKey, String text) {
        return PutRecordsRequestEntry.builder()
                .partitionKey(partitionKey)
                .explicitHashKey(explicitHashKey)
                .data(SdkBytes.fromUtf8String(text))
                .build();
    }

    private static PutRecordsResponse putRecords(KinesisClient client, PutRecordsRequestEntry... entries) {
        return client.putRecords(r -> r.streamName("stream-load").records(entries));
    }

    /** The records that were not refused: partition key and payload. */
    private List<String> kept() throws IOException {
        List<String> kept = new ArrayList<>();
        try (ReceivedRequests requests = new ReceivedRequests(received)) {
            while (requests.next()) {
                List<PutEntry> entries = requests.entries();
                for (int i = 0; i < entries.size(); i++) {
                    if (!requests.isRefused(i)) {
                        PutEntry entry = entries.get(i);
                        var payload = entry.payload(requests.bytes());
                        assertThat(entry.payloadLength(requests.bytes())).isEqualTo(payload.remaining());
                        kept.add(entry.partitionKey() + " " + StandardCharsets.UTF_8.decode(payload));
                    }
                }
            }
        }
        return kept;
    }
}
