package io.tapestream.kinesis;

import com.google.common.util.concurrent.Futures;
import com.google.common.util.concurrent.ListenableFuture;
import com.google.common.util.concurrent.MoreExecutors;
import io.tapestream.record.UserRecord;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.kinesis.producer.UserRecordResult;

/**
 * Holds the one producer: builds it, and says when it is to be given up. Confined to the publisher thread.
 *
 * <p>A producer is given up when it owes results and has brought none for the stall timeout; when its daemon is gone:
 * lost, and no answer of the stream's for some seconds since, or lost again and again without one; or when it may hold
 * more than half of what may be outstanding in records that are overdue: each of them is put again, and it would be
 * given one copy more each time. Whatever it throws but a refusal by validation is survived. While none can be built it
 * is tried again with back-off, for ever: what is received is kept meanwhile.
 */
final class ProducerSlot {
    private static final Logger log = LoggerFactory.getLogger(ProducerSlot.class);

    /**
     * How long the KPL may take to restart its daemon by itself; where its files are gone it tries in vain for ever.
     */
    private static final long RESTART_PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(15);

    /** Each daemon that dies before it is connected leaves the KPL with a thread that waits for it, and 12 MiB. */
    private static final int MOST_LOSSES = 5;

    /** The KPL says nothing of an endpoint that it cannot reach until it gives a record up. */
    private static final long SILENCE_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final String stream;
    private final long stallNanos;
    private final int maxOverdueRecords;
    private final long maxOverdueBytes;
    private final Supplier<Producer> producers;
    private final Backoff backoff;
    private final KinesisMetrics metrics;
    private final FailureLog buildFailures = new FailureLog(log);
    private final FailureLog refusalFailures = new FailureLog(log);
    private final FailureLog losses = new FailureLog(log);

    private @Nullable Producer producer;
    private int generation;
    private int owedResults;
    private int overdueRecords;
    private long overdueBytes;
    private long resultNanos;
    private boolean hasWarnedOfSilence;
    private int failedBuilds;
    private int refusals;
    private boolean isDaemonLost;
    private int lostInARow;
    private long lostSinceNanos;
    private int givenUpInARow;
    private long resumeNanos;
    private boolean isResting;

    ProducerSlot(
            KinesisSettings settings,
            Supplier<Producer> producers,
            Backoff backoff,
            KinesisMetrics metrics,
            long nowNanos) {
        this.stream = settings.stream();
        this.stallNanos = settings.stallTimeout().toNanos();
        this.maxOverdueRecords = settings.maxOutstandingRecords() / 2;
        this.maxOverdueBytes = settings.maxOutstandingBytes() / 2;
        this.producers = producers;
        this.backoff = backoff;
        this.metrics = metrics;
        this.resumeNanos = nowNanos;
    }

    /** Builds the producer if there is none and it is time to; returns whether there is a new one. */
    boolean build(long nowNanos) {
        if (isResting || producer != null || nowNanos - resumeNanos < 0) {
            return false;
        }
        try {
            producer = producers.get();
        } catch (RuntimeException e) {
            failedBuilds++;
            metrics.failedBuilds.inc();
            resumeNanos = nowNanos + backoff.nanosAfter(failedBuilds);
            buildFailures.warn(
                    "producer not built, tried again: stream=" + stream + " failures=" + failedBuilds
                            + " (the feed is received and journalled meanwhile)",
                    reason(e),
                    nowNanos);
            return false;
        }
        metrics.producerBuilds.inc();
        failedBuilds = 0;
        return true;
    }

    /** What was said last in the chain of causes: the KPL wraps what the system said. */
    private static String reason(Throwable failure) {
        Throwable last = failure;
        while (last.getCause() != null) {
            last = last.getCause();
        }
        return last == failure ? failure.toString() : failure + ": " + last;
    }

    int generation() {
        return generation;
    }

    /** Whether there is a producer that takes records as far as is known. */
    boolean takesRecords(long nowNanos) {
        return producer != null && nowNanos - resumeNanos >= 0;
    }

    /**
     * Gives the put's record to the producer; returns false if it takes none now.
     *
     * @throws UnsendableRecordException the producer says that it can never take the record
     */
    boolean give(Put put, long nowNanos) {
        if (producer == null) {
            return false;
        }
        UserRecord userRecord = put.record.userRecord;
        ListenableFuture<UserRecordResult> future;
        try {
            future = producer.addUserRecord(
                    stream, userRecord.partitionKey(), userRecord.explicitHashKey(), userRecord.payload());
        } catch (IllegalArgumentException e) {
            throw new UnsendableRecordException(
                    "user record refused by validation: length=" + userRecord.length() + " bucket="
                            + userRecord.partitionKey() + " position>=" + put.record.batch.start()
                            + " (a defect: its trades are in the journal and not published)",
                    e);
        } catch (RuntimeException e) {
            onRefused(e, nowNanos);
            return false;
        }
        refusals = 0;
        put.isOwed = true;
        if (owedResults++ == 0) {
            resultNanos = nowNanos;
        }
        Futures.addCallback(future, put, MoreExecutors.directExecutor());
        return true;
    }

    private void onRefused(RuntimeException cause, long nowNanos) {
        refusals++;
        if (!isDaemonLost) {
            countLoss(); // else the result of a put has told of it
        }
        lost(nowNanos);
        resumeNanos = nowNanos + backoff.nanosAfter(refusals);
        metrics.refusals.inc();
        refusalFailures.warn("producer takes no records: stream=" + stream, cause, nowNanos);
    }

    /** The daemon has died. */
    void onDaemonLost(String cause, long nowNanos) {
        lost(nowNanos);
        countLoss();
        losses.warn("daemon of the KPL lost: stream=" + stream + " in_a_row=" + lostInARow, cause, nowNanos);
    }

    private void countLoss() {
        lostInARow++;
        metrics.daemonLosses.inc();
    }

    private void lost(long nowNanos) {
        if (!isDaemonLost) {
            isDaemonLost = true;
            lostSinceNanos = nowNanos;
        }
    }

    /** Whether the last record given was refused, and the one before it was not. */
    boolean hasBegunToRefuse() {
        return refusals == 1;
    }

    /** A put has its result. */
    void onResult(Put put, long nowNanos) {
        if (put.generation != generation) {
            return;
        }
        settle(put);
        resultNanos = nowNanos;
        hasWarnedOfSilence = false;
        if (put.isProducerLost()) {
            lost(nowNanos);
        } else {
            isDaemonLost = false;
            lostInARow = 0;
            givenUpInARow = 0;
        }
    }

    /** The producer does not hold the put's record any more. */
    private void settle(Put put) {
        if (put.isOwed) {
            put.isOwed = false;
            owedResults--;
        } else if (put.isOverdue) {
            put.isOverdue = false;
            overdueRecords--;
            overdueBytes -= put.record.userRecord.length();
        }
    }

    /** The put's result is not expected any more, but the producer may hold its record yet. */
    void stopWaitingFor(Put put) {
        if (put.isOwed && put.generation == generation) {
            settle(put);
            put.isOverdue = true;
            overdueRecords++;
            overdueBytes += put.record.userRecord.length();
        }
    }

    /** Logs, once until the next result, that the producer owes results and brings none. */
    void warnOfSilence(long nowNanos) {
        if (owedResults > 0 && !hasWarnedOfSilence && nowNanos - resultNanos >= SILENCE_NANOS) {
            hasWarnedOfSilence = true;
            log.warn(
                    "no result from the producer stream={} seconds={} owed={} (is the endpoint reachable?)",
                    stream,
                    TimeUnit.NANOSECONDS.toSeconds(nowNanos - resultNanos),
                    owedResults);
        }
    }

    /** Gives the producer up if it is stalled, keeps refusing or holds too much; returns whether it did. */
    boolean giveUpLost(long nowNanos) {
        if (producer == null) {
            return false;
        }
        boolean stalled = owedResults > 0 && nowNanos - resultNanos >= stallNanos;
        boolean lost =
                isDaemonLost && (lostInARow >= MOST_LOSSES || nowNanos - lostSinceNanos >= RESTART_PATIENCE_NANOS);
        boolean overfull = overdueRecords > maxOverdueRecords || overdueBytes > maxOverdueBytes;
        if (!stalled && !lost && !overfull) {
            return false;
        }
        if (stalled) {
            metrics.stalls.inc();
        }
        log.warn(
                "producer given up stream={} reason=\"{}\" owed={} (its records are put again)",
                stream,
                reasonOf(stalled, lost),
                owedResults + overdueRecords);
        close();
        metrics.producersGivenUp.inc();
        givenUpInARow++;
        resumeNanos = givenUpInARow == 1 ? nowNanos : nowNanos + backoff.nanosAfter(givenUpInARow);
        return true;
    }

    private static String reasonOf(boolean stalled, boolean lost) {
        if (stalled) {
            return "stalled";
        }
        return lost ? "daemon lost" : "results overdue";
    }

    /** Nanoseconds until the producer counts as silent or stalled; {@link Long#MAX_VALUE} while it owes nothing. */
    long nanosToSilence(long nowNanos) {
        if (owedResults == 0) {
            return Long.MAX_VALUE;
        }
        long limitNanos = hasWarnedOfSilence ? stallNanos : Math.min(SILENCE_NANOS, stallNanos);
        return resultNanos + limitNanos - nowNanos;
    }

    /** Nanoseconds until a producer is built, or takes records again; {@link Long#MAX_VALUE} while none is wanted. */
    long nanosToResume(long nowNanos) {
        return isResting ? Long.MAX_VALUE : Math.max(0, resumeNanos - nowNanos);
    }

    boolean isEmpty() {
        return producer == null;
    }

    /** What is the matter with the producer, as far as can be told, when nothing is acknowledged. */
    ProducerState trouble(long nowNanos) {
        if (producer == null) {
            return ProducerState.MISSING;
        }
        if (isDaemonLost) {
            return ProducerState.DAEMON_LOST;
        }
        return nowNanos - resultNanos >= SILENCE_NANOS ? ProducerState.SILENT : ProducerState.FAILING;
    }

    /**
     * Ends the producer, and builds none, for a time in which nothing is expected: the KPL costs processor and memory
     * also while it has nothing to do.
     */
    void rest(boolean rests) {
        isResting = rests;
        if (rests && producer != null) {
            log.info("producer ended until it is needed stream={}", stream);
            close();
        }
    }

    boolean isResting() {
        return isResting;
    }

    /** Asks the producer to put what it buffers. */
    void flush(long nowNanos) {
        if (producer == null) {
            return;
        }
        try {
            producer.flush();
        } catch (RuntimeException e) {
            refusalFailures.warn("producer not flushed: stream=" + stream, e, nowNanos);
        }
    }

    /** Ends the producer; results that it still brings are those of an earlier generation. */
    void close() {
        Producer closing = producer;
        producer = null;
        generation++;
        owedResults = 0;
        overdueRecords = 0;
        overdueBytes = 0;
        hasWarnedOfSilence = false;
        refusals = 0;
        isDaemonLost = false;
        lostInARow = 0;
        if (closing == null) {
            return;
        }
        try {
            closing.close();
        } catch (RuntimeException e) {
            log.warn("producer not closed cleanly stream={} cause=\"{}\"", stream, e.toString());
        }
    }
}
