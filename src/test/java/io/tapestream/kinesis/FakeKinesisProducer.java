package io.tapestream.kinesis;

import com.google.common.util.concurrent.ListenableFuture;
import com.google.common.util.concurrent.SettableFuture;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import org.jspecify.annotations.Nullable;
import software.amazon.kinesis.producer.Attempt;
import software.amazon.kinesis.producer.UserRecordFailedException;
import software.amazon.kinesis.producer.UserRecordResult;

/**
 * A producer that keeps what it was given and answers when it is told to, or at once.
 *
 * <p>As the KPL does, it copies a payload and moves its position. Thread-safe.
 */
public class FakeKinesisProducer implements Producer {
    /** A record as it was given, and the future that waits for its result. */
    public record Given(
            String stream,
            String partitionKey,
            String explicitHashKey,
            String text,
            SettableFuture<UserRecordResult> future) {
        /** Acknowledges the record, after the given errors. */
        public void acknowledge(String... errorCodesBefore) {
            future.set(new UserRecordResult(attempts(errorCodesBefore, true), "49", "shardId-000000000000", true));
        }

        /** Fails the record with these errors, one an attempt. */
        public void refuse(String... errorCodes) {
            UserRecordResult result = new UserRecordResult(attempts(errorCodes, false), null, null, false);
            future.setException(new UserRecordFailedException(result));
        }

        /** Fails the record as the KPL does when its daemon has died. */
        public void loseDaemon() {
            future.setException(new RuntimeException("child process exited"));
        }

        private static List<Attempt> attempts(String[] errorCodes, boolean isAcknowledged) {
            List<Attempt> attempts = new ArrayList<>();
            for (String code : errorCodes) {
                attempts.add(new Attempt(0, 1, code + " happened", code, false));
            }
            if (isAcknowledged) {
                attempts.add(new Attempt(0, 1, null, null, true));
            }
            return attempts;
        }
    }

    private final List<Given> given = new ArrayList<>();
    private final Queue<Given> unanswered = new ArrayDeque<>();
    private boolean answersAtOnce;
    private int refusals;
    private @Nullable RuntimeException refusal;
    private boolean closed;
    private int flushes;

    /** A producer that leaves its futures open until it is told. */
    public FakeKinesisProducer() {}

    /** A producer that acknowledges every record at once. */
    public static FakeKinesisProducer acknowledging() {
        FakeKinesisProducer producer = new FakeKinesisProducer();
        producer.answersAtOnce = true;
        return producer;
    }

    /** Makes the next additions throw. */
    public synchronized void refuseNext(int count, RuntimeException cause) {
        refusals = count;
        refusal = cause;
    }

    @Override
    public synchronized ListenableFuture<UserRecordResult> addUserRecord(
            String stream, String partitionKey, String explicitHashKey, ByteBuffer payload) {
        if (refusal != null && refusals > 0) {
            refusals--;
            throw refusal;
        }
        byte[] copy = new byte[payload.remaining()];
        payload.get(copy);
        Given record = new Given(
                stream,
                partitionKey,
                explicitHashKey,
                new String(copy, StandardCharsets.UTF_8),
                SettableFuture.create());
        given.add(record);
        if (answersAtOnce) {
            record.acknowledge();
        } else {
            unanswered.add(record);
        }
        return record.future();
    }

    @Override
    public synchronized void flush() {
        flushes++;
    }

    /** As the KPL does, fails what was not answered. */
    @Override
    public void close() {
        List<Given> failed;
        synchronized (this) {
            closed = true;
            failed = new ArrayList<>(unanswered);
            unanswered.clear();
        }
        answerAtClose(failed);
    }

    /** Answers what was not answered when the producer is closed. */
    void answerAtClose(List<Given> unansweredRecords) {
        unansweredRecords.forEach(Given::loseDaemon);
    }

    /** Every record given so far, also those given again. */
    public synchronized List<Given> given() {
        return List.copyOf(given);
    }

    /** The texts of those records. */
    public List<String> texts() {
        return given().stream().map(Given::text).toList();
    }

    /** The longest given record without a result. */
    public synchronized Given next() {
        return unanswered.remove();
    }

    /** How often it was asked to flush. */
    public synchronized int flushes() {
        return flushes;
    }

    /** Whether it was closed. */
    public synchronized boolean isClosed() {
        return closed;
    }
}
