package io.tapestream.kinesis;

import com.google.common.util.concurrent.FutureCallback;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import software.amazon.kinesis.producer.Attempt;
import software.amazon.kinesis.producer.UserRecordFailedException;
import software.amazon.kinesis.producer.UserRecordResult;

/** One put of a record, and its result once it has one. The result is set on a thread of the producer. */
final class Put implements FutureCallback<UserRecordResult> {
    private static final String EXPIRED = "Expired";

    final OutstandingRecord record;

    /** Which producer it was given to. */
    final int generation;

    /** Which round of priming it was put in. */
    final int round;

    /** When it was given. Publisher thread. */
    final long givenNanos;

    /** Whether its producer still owes its result. Publisher thread. */
    boolean isOwed;

    /** Whether its result is not waited for any more, though it may yet come. Publisher thread. */
    boolean isOverdue;

    private final Consumer<Put> results;
    private @Nullable UserRecordResult result;
    private @Nullable Throwable failure;

    Put(OutstandingRecord record, int generation, int round, long givenNanos, Consumer<Put> results) {
        this.record = record;
        this.generation = generation;
        this.round = round;
        this.givenNanos = givenNanos;
        this.results = results;
    }

    @Override
    public void onSuccess(@Nullable UserRecordResult success) {
        result = success;
        results.accept(this);
    }

    @Override
    public void onFailure(Throwable cause) {
        failure = cause;
        if (cause instanceof UserRecordFailedException refused) {
            result = refused.getResult();
        }
        results.accept(this);
    }

    boolean isAcknowledged() {
        return failure == null;
    }

    /** Whether it failed because the producer was lost, not because the stream did not take the record. */
    boolean isProducerLost() {
        return failure != null && !(failure instanceof UserRecordFailedException);
    }

    /** Why it failed: the last attempt that says, for the very last often says only that the time is over. */
    String reason() {
        String reason = null;
        for (Attempt attempt : attempts()) {
            if (reason == null || !EXPIRED.equals(attempt.getErrorCode())) {
                reason = attempt.getErrorCode() + ": " + attempt.getErrorMessage();
            }
        }
        return reason == null ? String.valueOf(failure) : reason;
    }

    /** What the KPL tried; empty when it did not say. */
    List<Attempt> attempts() {
        return result == null ? List.of() : result.getAttempts();
    }
}
