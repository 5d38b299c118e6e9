package io.tapestream.bench;

import io.tapestream.aws.EndpointTrust;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.kinesis.KinesisClient;
import software.amazon.awssdk.services.kinesis.model.PutRecordsRequestEntry;
import software.amazon.awssdk.services.kinesis.model.PutRecordsResponse;

/**
 * What most samples do: a tree of the frame, and the SDK's client, a stream record a trade; one call a trade, or 500
 * trades a call, which is the most that Kinesis takes. So many threads as calls at once.
 */
final class SdkBaseline implements Baseline {
    private static final int MOST_RECORDS_A_CALL = 500;

    private final String stream;
    private final DatabindLines lines;
    private final int recordsPerCall;
    private final KinesisClient client;

    SdkBaseline(String stream, DatabindLines lines, boolean isBatched, URI endpoint, Path caFile) {
        this.stream = stream;
        this.lines = lines;
        recordsPerCall = isBatched ? MOST_RECORDS_A_CALL : 1;
        client = KinesisClient.builder()
                .httpClient(EndpointTrust.httpClient(caFile, true, Duration.ofSeconds(10)))
                .endpointOverride(endpoint)
                .region(Region.US_EAST_1)
                .credentialsProvider(StaticCredentialsProvider.create(AwsBasicCredentials.create("load", "load")))
                .build();
    }

    @Override
    public long publish(List<Frames.Text> frames, int concurrency) throws InterruptedException {
        long beganNanos = System.nanoTime();
        ExecutorService threads = Executors.newFixedThreadPool(concurrency);
        try {
            AtomicInteger next = new AtomicInteger();
            List<Future<?>> ends = new ArrayList<>();
            for (int i = 0; i < concurrency; i++) {
                ends.add(threads.submit(() -> publish(frames, next)));
            }
            for (Future<?> end : ends) {
                end.get();
            }
            return System.nanoTime() - beganNanos;
        } catch (ExecutionException e) {
            throw new IllegalStateException("baseline failed", e.getCause());
        } finally {
            threads.shutdownNow();
        }
    }

    private void publish(List<Frames.Text> frames, AtomicInteger next) {
        List<PutRecordsRequestEntry> batch = new ArrayList<>();
        for (int i = next.getAndIncrement(); i < frames.size(); i = next.getAndIncrement()) {
            for (DatabindLines.Line line : lines.of(frames.get(i))) {
                if (recordsPerCall == 1) {
                    putOne(line);
                    continue;
                }
                batch.add(entry(line));
                if (batch.size() == recordsPerCall) {
                    put(batch);
                    batch = new ArrayList<>();
                }
            }
        }
        if (!batch.isEmpty()) {
            put(batch);
        }
    }

    private void putOne(DatabindLines.Line line) {
        client.putRecord(request ->
                request.streamName(stream).partitionKey(line.symbol()).data(SdkBytes.fromByteArray(line.bytes())));
    }

    private static PutRecordsRequestEntry entry(DatabindLines.Line line) {
        return PutRecordsRequestEntry.builder()
                .partitionKey(line.symbol())
                .data(SdkBytes.fromByteArray(line.bytes()))
                .build();
    }

    /** What a shard at its limit refused is put again, at once: such a run is for its rate alone. */
    private void put(List<PutRecordsRequestEntry> batch) {
        List<PutRecordsRequestEntry> left = batch;
        while (!left.isEmpty()) {
            List<PutRecordsRequestEntry> given = left;
            PutRecordsResponse response =
                    client.putRecords(request -> request.streamName(stream).records(given));
            left = new ArrayList<>();
            for (int i = 0; i < given.size() && response.failedRecordCount() > 0; i++) {
                if (response.records().get(i).errorCode() != null) {
                    left.add(given.get(i));
                }
            }
        }
    }

    @Override
    public void close() {
        client.close();
    }
}
