package io.tapestream.kinesis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.common.util.concurrent.ListenableFuture;
import io.tapestream.record.UserRecord;
import io.tapestream.record.UserRecords;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.kinesis.producer.KinesisProducer;
import software.amazon.kinesis.producer.UserRecordResult;

/**
 * The KPL puts what is recorded in {@code src/test/resources/payloads/kpl}, with which the readers of the stream are
 * tested: the same format to the byte, though the order within a burst and where it is cut differ from one time to the
 * next.
 *
 * <p>When a new version of the KPL fails this and is right, record what it puts, and let the readers' tests judge:
 *
 * <pre>
 * mvn -o test-compile failsafe:integration-test failsafe:verify -Dit.test=KplRecordingIT -Dkpl.record=true
 * </pre>
 */
class KplRecordingIT {
    private static final boolean RECORDS = Boolean.getBoolean("kpl.record");
    private static final String PRIMER = "primer";

    /** So long that only the KPL's limit of size, and a flush, end an aggregated record. */
    private static final Duration BUFFERED_TIME = Duration.ofSeconds(10);

    @TempDir
    Path folder;

    private AcknowledgingEndpoint endpoint;
    private KinesisSettings settings;
    private Producer producer;

    @BeforeEach
    void start() throws Exception {
        endpoint = AcknowledgingEndpoint.start(folder);
        settings = new KinesisSettings(
                "stream-finnhub",
                "us-east-1",
                endpoint.uri(),
                endpoint.certificateFile(),
                true,
                32 << 20,
                20_000,
                1 << 30,
                BUFFERED_TIME,
                Duration.ofMillis(100),
                Duration.ofSeconds(2),
                Duration.ofSeconds(60),
                folder.resolve("kpl"));
        producer = new KplProducers(
                        settings, StaticCredentialsProvider.create(AwsBasicCredentials.create("AKIDEXAMPLE", "secret")))
                .get();
        prime();
    }

    /** Puts pairs of records until one comes aggregated: from then on the KPL knows the shards. */
    private void prime() {
        await().atMost(Duration.ofSeconds(60)).until(() -> {
            put(List.of(primer(), primer()));
            return endpoint.records().get(endpoint.records().size() - 1).isAggregated();
        });
    }

    private static StreamRecord primer() {
        return new StreamRecord("0", "0", PRIMER.getBytes(StandardCharsets.US_ASCII));
    }

    @AfterEach
    void stop() {
        producer.close();
        endpoint.close();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 10, 363})
    void putsWhatIsRecorded(int count) throws Exception {
        if (RECORDS) {
            List<StreamRecord> packs = packs(count);
            new KplRecording(description(count), put(packs), packs).write(KplRecording.file(count));
        }
        KplRecording recorded = KplRecording.read(KplRecording.file(count));
        assertThat(recorded.userRecords()).hasSize(count);
        assertCarry(recorded.streamRecords(), recorded.userRecords());

        List<StreamRecord> streamRecords = put(recorded.userRecords());

        // How many there are depends on when the KPL's daemon gets to what it was given.
        assertThat(streamRecords.stream().anyMatch(StreamRecord::isAggregated)).isEqualTo(count > 1);
        assertCarry(streamRecords, recorded.userRecords());
    }

    /** The stream records carry these user records, each alone as it is or with others in the one format. */
    private static void assertCarry(List<StreamRecord> streamRecords, List<StreamRecord> userRecords) {
        assertThat(streamRecords.stream().flatMap(r -> r.split().stream()).map(StreamRecord::toString))
                .containsExactlyInAnyOrderElementsOf(
                        userRecords.stream().map(StreamRecord::toString).toList());
        for (StreamRecord streamRecord : streamRecords) {
            List<StreamRecord> carried = streamRecord.split();
            assertThat(streamRecord.isAggregated()).isEqualTo(carried.size() > 1);
            if (streamRecord.isAggregated()) {
                assertThat(streamRecord.partitionKey()).isEqualTo("a");
                assertThat(streamRecord.explicitHashKey())
                        .isEqualTo(carried.get(0).explicitHashKey());
                assertThat(streamRecord.payload()).isEqualTo(AggregatedRecord.encode(carried));
            }
        }
    }

    /** Puts the records, and returns what the endpoint received. */
    private List<StreamRecord> put(List<StreamRecord> userRecords) throws Exception {
        int before = endpoint.records().size();
        List<ListenableFuture<UserRecordResult>> results = new ArrayList<>();
        for (StreamRecord userRecord : userRecords) {
            results.add(producer.addUserRecord(
                    settings.stream(),
                    userRecord.partitionKey(),
                    userRecord.explicitHashKey(),
                    ByteBuffer.wrap(userRecord.payload())));
        }
        producer.flush();
        for (ListenableFuture<UserRecordResult> result : results) {
            result.get(30, TimeUnit.SECONDS);
        }
        List<StreamRecord> records = endpoint.records();
        return records.subList(before, records.size());
    }

    /**
     * Packs of our lines: first those of a venue's long messages, then small ones of many buckets, as they come live.
     */
    private static List<StreamRecord> packs(int count) {
        return Stream.concat(
                        UserRecords.ofCapture("finnhub-aapl-20230331.ndjson", 2).stream(),
                        UserRecords.ofCapture("crypto-in-finnhub-shape.ndjson", 1).stream())
                .limit(count)
                .map(KplRecordingIT::copy)
                .toList();
    }

    private static StreamRecord copy(UserRecord userRecord) {
        byte[] payload = new byte[userRecord.length()];
        userRecord.payload().get(payload);
        return new StreamRecord(userRecord.partitionKey(), userRecord.explicitHashKey(), payload);
    }

    private static String description(int count) {
        String jar = Path.of(KinesisProducer.class
                        .getProtectionDomain()
                        .getCodeSource()
                        .getLocation()
                        .getPath())
                .getFileName()
                .toString()
                .replace(".jar", "");
        return "What " + jar + " put when it was given " + count
                + " user record(s), packs of lines of conf/captures, once it"
                + " knew the shards; it may change their order. Recorded by KplRecordingIT.java.";
    }
}
