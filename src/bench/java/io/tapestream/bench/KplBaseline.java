package io.tapestream.bench;

import com.google.common.util.concurrent.ListenableFuture;
import io.tapestream.kinesis.KinesisSettings;
import io.tapestream.kinesis.KplProducers;
import io.tapestream.kinesis.Producer;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import software.amazon.kinesis.producer.UserRecordResult;

/**
 * The KPL as its samples use it: a tree of the frame, and a user record a trade. Its settings are the ingester's, and
 * it is primed as the ingester primes it; so many records are outstanding at most as it is told.
 */
final class KplBaseline implements Baseline {
    private static final long SETTLE_MILLIS = 500;

    private final String stream;
    private final DatabindLines lines;
    private final Producer producer;
    private boolean isPrimed;

    KplBaseline(KinesisSettings settings, DatabindLines lines) {
        stream = settings.stream();
        this.lines = lines;
        producer = new KplProducers(settings).get();
    }

    @Override
    @SuppressWarnings("NullAway") // the KPL takes none for an explicit hash key
    public long publish(List<Frames.Text> frames, int concurrency) throws InterruptedException {
        long beganNanos = System.nanoTime();
        Semaphore permits = new Semaphore(concurrency);
        for (Frames.Text frame : frames) {
            for (DatabindLines.Line line : lines.of(frame)) {
                permits.acquire();
                ListenableFuture<UserRecordResult> future =
                        producer.addUserRecord(stream, line.symbol(), null, ByteBuffer.wrap(line.bytes()));
                future.addListener(() -> release(future, permits), Runnable::run);
                if (prime(future)) {
                    beganNanos = System.nanoTime();
                }
            }
        }
        producer.flush();
        permits.acquire(concurrency);
        return System.nanoTime() - beganNanos;
    }

    /** Whether this was the record to prime with. */
    private boolean prime(ListenableFuture<UserRecordResult> first) throws InterruptedException {
        if (isPrimed) {
            return false;
        }
        isPrimed = true;
        try {
            first.get();
            Thread.sleep(SETTLE_MILLIS);
            return true;
        } catch (ExecutionException e) {
            throw new IllegalStateException("baseline failed", e.getCause());
        }
    }

    private static void release(ListenableFuture<UserRecordResult> future, Semaphore permits) {
        try {
            future.get();
        } catch (ExecutionException | InterruptedException e) {
            e.printStackTrace();
            Runtime.getRuntime().halt(1); // a baseline that loses records is none
        }
        permits.release();
    }

    @Override
    public void close() {
        producer.close();
    }
}
