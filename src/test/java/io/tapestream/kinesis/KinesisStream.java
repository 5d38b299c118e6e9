package io.tapestream.kinesis;

import io.tapestream.aws.EndpointTrust;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.awaitility.Awaitility;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.SdkSystemSetting;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.kinesis.KinesisClient;
import software.amazon.awssdk.services.kinesis.model.GetRecordsResponse;
import software.amazon.awssdk.services.kinesis.model.Record;
import software.amazon.awssdk.services.kinesis.model.Shard;
import software.amazon.awssdk.services.kinesis.model.ShardIteratorType;
import software.amazon.awssdk.services.kinesis.model.StreamStatus;

/** A stream of an emulator, as a test makes and reads it. */
public final class KinesisStream implements AutoCloseable {
    private final KinesisSettings settings;
    private final SdkHttpClient http;
    private final KinesisClient client;

    private KinesisStream(KinesisSettings settings) {
        System.setProperty(SdkSystemSetting.CBOR_ENABLED.property(), "false"); // emulators understand JSON only
        this.settings = settings;
        http = EndpointTrust.httpClient(settings.caFile(), true, Duration.ofSeconds(10));
        client = KinesisClient.builder()
                .httpClient(http)
                .endpointOverride(settings.endpoint())
                .region(Region.of(settings.region()))
                .credentialsProvider(StaticCredentialsProvider.create(AwsBasicCredentials.create("test", "test")))
                .build();
    }

    /** Creates the stream of the settings and waits until it is active. */
    public static KinesisStream create(KinesisSettings settings, int shards) {
        KinesisStream stream = new KinesisStream(settings);
        stream.client.createStream(
                request -> request.streamName(settings.stream()).shardCount(shards));
        Awaitility.await().until(() -> stream.status() == StreamStatus.ACTIVE);
        return stream;
    }

    private StreamStatus status() {
        return client.describeStreamSummary(request -> request.streamName(settings.stream()))
                .streamDescriptionSummary()
                .streamStatus();
    }

    /** Every record of every shard, from the oldest on. */
    public List<StreamRecord> records() {
        List<StreamRecord> records = new ArrayList<>();
        for (Shard shard : client.listShards(request -> request.streamName(settings.stream()))
                .shards()) {
            String iterator = client.getShardIterator(request -> request.streamName(settings.stream())
                            .shardId(shard.shardId())
                            .shardIteratorType(ShardIteratorType.TRIM_HORIZON))
                    .shardIterator();
            List<Record> read = read(iterator);
            read.forEach(r ->
                    records.add(new StreamRecord(r.partitionKey(), "", r.data().asByteArray())));
        }
        return records;
    }

    private List<Record> read(String firstIterator) {
        List<Record> records = new ArrayList<>();
        String iterator = firstIterator;
        GetRecordsResponse answer;
        do {
            String next = iterator;
            answer = client.getRecords(request -> request.shardIterator(next));
            records.addAll(answer.records());
            iterator = answer.nextShardIterator();
        } while (!answer.records().isEmpty());
        return records;
    }

    @Override
    public void close() {
        client.close();
        http.close();
    }
}
