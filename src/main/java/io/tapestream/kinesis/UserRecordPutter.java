package io.tapestream.kinesis;

import com.codahale.metrics.MetricRegistry;
import io.tapestream.record.UserRecord;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts user records until each is acknowledged, and knows the position below which all are.
 *
 * <p>Confined to the publisher thread but for {@link #acknowledgedPosition()}, {@link #outstandingRecords()},
 * {@link #latencies()} and {@link #producerState()}; a producer's callback only queues its result and wakes that
 * thread. A failed record is put again, the same bytes, until it is acknowledged, and so is one whose result never
 * comes; a producer that is lost is replaced, and what it owed is put again. Only {@link UnsendableRecordException} is
 * thrown upward.
 */
public final class UserRecordPutter implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(UserRecordPutter.class);

    private final KinesisSettings settings;
    private final Clocks clocks;
    private final Runnable wakeUp;
    private final KinesisMetrics metrics;
    private final Backoff backoff;
    private final FailureLog failureLog = new FailureLog(log);
    private final Batches batches;
    private final ProducerSlot producer;
    private final ProducerWellbeing wellbeing;
    private final Priming priming = new Priming();

    /** Each put has at most one result here, so the bounds of what is outstanding bound it. */
    private final Queue<Put> results = new ConcurrentLinkedQueue<>();

    private final Consumer<Put> onResult = this::queue;

    private final Set<OutstandingRecord> outstanding = new LinkedHashSet<>();
    private final ArrayDeque<OutstandingRecord> waiting = new ArrayDeque<>();
    private final PriorityQueue<OutstandingRecord> backingOff =
            new PriorityQueue<>(Comparator.comparingLong(outstandingRecord -> outstandingRecord.dueNanos));

    private long outstandingBytes;
    private boolean hadRoom = true;

    /** When the longest given put may be overdue; it means nothing while no put is looked after. */
    private long overdueNanos;

    private boolean looksAfterPuts;

    /**
     * Creates a putter that builds its producer at the first {@link #poll()}.
     *
     * @param initialPosition the position below which everything is acknowledged already
     * @param producers builds a producer; called again after a producer was lost
     * @param wakeUp wakes the publisher thread; any thread, must not block
     */
    public UserRecordPutter(
            KinesisSettings settings,
            long initialPosition,
            Supplier<Producer> producers,
            Clocks clocks,
            Runnable wakeUp,
            MetricRegistry registry) {
        this.settings = settings;
        this.clocks = clocks;
        this.wakeUp = wakeUp;
        this.metrics = new KinesisMetrics(registry);
        this.backoff = new Backoff(settings.retryBackoffMin(), settings.retryBackoffMax(), clocks.random());
        this.batches = new Batches(initialPosition);
        this.producer = new ProducerSlot(settings, producers, backoff, metrics, now());
        this.wellbeing = new ProducerWellbeing(settings.stream(), producer, now());
    }

    /** Whether the bounds allow another batch; while the producer is being primed only one record is let out. */
    public boolean hasRoom() {
        boolean needsRecordToPrime = priming.isClosed() && waiting.isEmpty() && backingOff.isEmpty();
        boolean hasRoom = (needsRecordToPrime || priming.isOpen(now()))
                && outstandingBytes < settings.maxOutstandingBytes()
                && outstanding.size() < settings.maxOutstandingRecords()
                && batches.aheadBytes() < settings.maxAheadBytes();
        if (hadRoom && !hasRoom) {
            metrics.roomWaits.inc();
        }
        hadRoom = hasRoom;
        return hasRoom;
    }

    /**
     * Puts a record of the current batch; it is released once acknowledged. Over the bound it is taken all the same, so
     * ask {@link #hasRoom()} first.
     *
     * @throws UnsendableRecordException the producer says that it can never take a record
     */
    public void put(UserRecord userRecord) {
        OutstandingRecord taken = new OutstandingRecord(userRecord, batches.add());
        producer.rest(false);
        outstanding.add(taken);
        outstandingBytes += userRecord.capacity();
        metrics.put.inc();
        publishOutstanding();
        waiting.add(taken);
        giveWaiting(now());
    }

    /** Ends a batch: every trade below {@code position} has been put. */
    public void endBatch(long position) {
        batches.end(position);
    }

    /**
     * Handles queued results, puts again what is due, primes and rebuilds the producer; returns how many things it did.
     *
     * @throws UnsendableRecordException the producer says that it can never take a record
     */
    public int poll() {
        long nowNanos = now();
        int done = handleResults(nowNanos);
        producer.warnOfSilence(nowNanos);
        done += giveUpLost(nowNanos);
        if (looksAfterPuts && nowNanos - overdueNanos >= 0) {
            done += giveUpOverdue(nowNanos);
            done += giveUpLost(nowNanos);
        }
        if (producer.build(nowNanos)) {
            beginPriming("producer built");
            done++;
            // Building takes seconds where the processor is busy, and is no silence of the producer's.
            nowNanos = now();
        }
        done += giveWaiting(nowNanos);
        wellbeing.look(outstanding.size(), nowNanos);
        return done;
    }

    /** Has no producer run until the next record or until it is told otherwise, unless something is outstanding. */
    public void rest(boolean rests) {
        producer.rest(rests && outstanding.isEmpty());
    }

    private int giveUpLost(long nowNanos) {
        if (!producer.giveUpLost(nowNanos)) {
            return 0;
        }
        putAllAgain();
        return 1;
    }

    /**
     * Puts the records again whose results have not come for so long that the KPL must have lost them: it forgets those
     * that are given to it while it clears up after a daemon.
     */
    private int giveUpOverdue(long nowNanos) {
        long stallNanos = settings.stallTimeout().toNanos();
        int overdue = 0;
        long oldestAgeNanos = -1;
        for (OutstandingRecord owed : outstanding) {
            Put put = owed.put;
            if (put == null) {
                continue;
            }
            long ageNanos = nowNanos - put.givenNanos;
            if (ageNanos >= stallNanos) {
                giveUp(put, nowNanos);
                overdue++;
            } else {
                oldestAgeNanos = Math.max(oldestAgeNanos, ageNanos);
            }
        }
        looksAfterPuts = oldestAgeNanos >= 0;
        overdueNanos = nowNanos - oldestAgeNanos + stallNanos;
        return overdue;
    }

    private void giveUp(Put put, long nowNanos) {
        metrics.overdue.inc();
        producer.stopWaitingFor(put);
        priming.onResult(put.round, false, nowNanos);
        backOff(put, "result overdue: the producer has lost it", nowNanos);
    }

    private int handleResults(long nowNanos) {
        int handled = 0;
        for (Put put = results.poll(); put != null; put = results.poll()) {
            handle(put, nowNanos);
            handled++;
        }
        return handled;
    }

    private void handle(Put put, long nowNanos) {
        producer.onResult(put, nowNanos);
        priming.onResult(put.round, put.isAcknowledged(), nowNanos);
        boolean wrongShard = metrics.countErrors(put.attempts());
        if (put.isAcknowledged()) {
            wellbeing.onAcknowledged(nowNanos);
            acknowledge(put.record);
        } else if (put.record.put == put && put.generation == producer.generation()) {
            backOff(put, put.reason(), nowNanos);
        }
        // What was put before this round began says nothing of the shard map of now.
        boolean ofThisRound = put.generation == producer.generation() && put.round == priming.round();
        if (ofThisRound && put.isProducerLost()) {
            producer.onDaemonLost(put.reason(), nowNanos);
            beginPriming("daemon lost");
        } else if (ofThisRound && wrongShard && priming.isOpen(nowNanos)) {
            beginPriming("shards changed");
        }
    }

    private void acknowledge(OutstandingRecord acknowledged) {
        if (!outstanding.remove(acknowledged)) {
            return; // It was put twice, and both puts were acknowledged.
        }
        acknowledged.isAcknowledged = true;
        UserRecord userRecord = acknowledged.userRecord;
        outstandingBytes -= userRecord.capacity();
        metrics.acknowledged.inc();
        metrics.acknowledgedTrades.inc(userRecord.tradeCount());
        metrics.latencies.update(clocks.wall().millis() - userRecord.oldestReceivedAtMillis(), userRecord.tradeCount());
        publishOutstanding();
        userRecord.release();
        batches.acknowledge(acknowledged.batch);
    }

    private void backOff(Put put, String reason, long nowNanos) {
        OutstandingRecord failed = put.record;
        failureLog.warn(
                "user record not taken, put again: stream=" + settings.stream() + " length="
                        + failed.userRecord.length() + " failures=" + (failed.failures + 1),
                reason,
                nowNanos);
        failed.put = null;
        failed.failures++;
        failed.dueNanos = nowNanos + backoff.nanosAfter(failed.failures);
        backingOff.add(failed);
    }

    private void putAllAgain() {
        backingOff.clear();
        waiting.clear();
        looksAfterPuts = false;
        for (OutstandingRecord owed : outstanding) {
            owed.put = null;
            waiting.add(owed);
        }
    }

    private void beginPriming(String reason) {
        priming.restart();
        metrics.primings.inc();
        log.info("priming stream={} reason=\"{}\" outstanding={}", settings.stream(), reason, outstanding.size());
    }

    private int giveWaiting(long nowNanos) {
        int given = 0;
        while (producer.takesRecords(nowNanos) && priming.letsOut(nowNanos)) {
            OutstandingRecord next = takeNext(nowNanos);
            if (next == null) {
                break;
            }
            if (!give(next, nowNanos)) {
                waiting.addFirst(next);
                break;
            }
            given++;
        }
        return given;
    }

    /** The next record to be put: the longest due of those that failed, else the first that waits. */
    private @Nullable OutstandingRecord takeNext(long nowNanos) {
        OutstandingRecord next;
        do {
            OutstandingRecord due = backingOff.peek();
            next = due != null && due.dueNanos - nowNanos <= 0 ? backingOff.poll() : waiting.poll();
            // An earlier put may have been acknowledged late, while the record waited for the next.
        } while (next != null && next.isAcknowledged);
        return next;
    }

    private boolean give(OutstandingRecord next, long nowNanos) {
        Put put = new Put(next, producer.generation(), priming.round(), nowNanos, onResult);
        next.put = put;
        if (!producer.give(put, nowNanos)) {
            next.put = null;
            if (producer.hasBegunToRefuse()) {
                beginPriming("producer refuses"); // Its daemon is gone; the next one knows no shards.
            }
            return false;
        }
        priming.onPut();
        if (next.wasPut) {
            metrics.retries.inc();
        } else {
            noteHandOver(next.userRecord);
        }
        next.wasPut = true;
        if (!looksAfterPuts) {
            looksAfterPuts = true;
            overdueNanos = nowNanos + settings.stallTimeout().toNanos();
        }
        return true;
    }

    private void noteHandOver(UserRecord userRecord) {
        Instant now = clocks.wall().instant();
        Instant received = Instant.ofEpochMilli(userRecord.oldestReceivedAtMillis());
        metrics.handOver.update(ChronoUnit.MICROS.between(received, now), userRecord.tradeCount());
    }

    /** Called by the producer's threads. */
    private void queue(Put put) {
        results.add(put);
        wakeUp.run();
    }

    /**
     * Nanoseconds until {@link #poll()} has something to do of its own accord; {@link Long#MAX_VALUE} if it has not.
     */
    public long nanosToNextWork() {
        if (!results.isEmpty()) {
            return 0;
        }
        long nowNanos = now();
        long nanos = Math.min(producer.nanosToSilence(nowNanos), priming.nanosToOpen(nowNanos));
        if (producer.isEmpty()) {
            nanos = Math.min(nanos, producer.nanosToResume(nowNanos));
        }
        if (looksAfterPuts && !outstanding.isEmpty()) {
            nanos = Math.min(nanos, overdueNanos - nowNanos);
        }
        long nanosToRecord = nanosToRecord(nowNanos);
        if (nanosToRecord != Long.MAX_VALUE) {
            long nanosToGive = Math.max(producer.nanosToResume(nowNanos), priming.nanosToLetOut(nowNanos));
            nanos = Math.min(nanos, Math.max(nanosToRecord, nanosToGive));
        }
        return Math.max(0, nanos);
    }

    private long nanosToRecord(long nowNanos) {
        if (!waiting.isEmpty()) {
            return 0;
        }
        OutstandingRecord due = backingOff.peek();
        return due == null ? Long.MAX_VALUE : Math.max(0, due.dueNanos - nowNanos);
    }

    /** Asks the producer to put at once what it holds back for company; does not wait. */
    public void flush() {
        producer.flush(now());
    }

    /** The position below which everything is acknowledged, at least the one it began with; any thread. */
    public long acknowledgedPosition() {
        return batches.acknowledgedPosition();
    }

    /** User records put and not acknowledged; any thread. */
    public int outstandingRecords() {
        return metrics.outstandingRecords.get();
    }

    /** How the producer is doing; any thread. */
    public ProducerState producerState() {
        return wellbeing.state();
    }

    /** Latencies of the acknowledged trades; any thread. */
    public Latencies latencies() {
        return metrics.latencies;
    }

    /** Ends the producer within a few seconds; what is not acknowledged stays so. */
    @Override
    public void close() {
        producer.close();
        handleResults(now());
    }

    private void publishOutstanding() {
        metrics.outstandingRecords.lazySet(outstanding.size());
        metrics.outstandingBytes.lazySet(outstandingBytes);
    }

    private long now() {
        return clocks.nanos().getAsLong();
    }
}
