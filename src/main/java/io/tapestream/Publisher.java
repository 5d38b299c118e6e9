package io.tapestream;

import io.tapestream.journal.EntryType;
import io.tapestream.journal.JournalReader;
import io.tapestream.kinesis.UserRecordPutter;
import io.tapestream.record.RecordPacker;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * Publishes the journal: reads on, packs whatever there is up to a bound, puts it, handles what came back. Live,
 * restart, catching up and replay are this one loop.
 *
 * <p>It is the publisher thread; reader, packer and putter are confined to it. Batching is natural: when it keeps up, a
 * frame leaves at once; when it falls behind, a batch holds more frames. Any failure ends it and is handed to the
 * failure handler; what is not acknowledged then is in the journal.
 */
final class Publisher implements Runnable {
    private static final int BATCH_BYTES = 256 * 1024;
    private static final long LONGEST_PARK_NANOS = 100_000_000;

    /**
     * What is published.
     *
     * @param from first position
     * @param to position to stop before; {@link Long#MAX_VALUE} to go on with the live end
     */
    record Range(long from, long to) {}

    private final JournalReader reader;
    private final Range range;
    private final RecordPacker packer;
    private final UserRecordPutter putter;
    private final Consumer<Throwable> onFailure;

    private BooleanSupplier isOffDuty = () -> false;

    private volatile boolean signalled;
    private volatile boolean parked;
    private volatile Thread thread = Thread.currentThread();
    private volatile long drainDeadlineNanos;
    private volatile boolean draining;
    private volatile boolean caughtUp;
    private volatile long readPosition;
    private volatile long turns;

    /**
     * Creates a publisher.
     *
     * @param reader stands where identity has to begin so that ids in the range come out right
     */
    Publisher(
            JournalReader reader,
            Range range,
            RecordPacker packer,
            UserRecordPutter putter,
            Consumer<Throwable> onFailure) {
        this.reader = reader;
        this.range = range;
        this.packer = packer;
        this.putter = putter;
        this.onFailure = onFailure;
        readPosition = range.from();
    }

    /**
     * Has no producer run while nothing is to be published and this says so; call it before the thread starts.
     *
     * @param condition any thread, must not block
     */
    void restsWhile(BooleanSupplier condition) {
        isOffDuty = condition;
    }

    @Override
    public void run() {
        thread = Thread.currentThread();
        long turn = 0;
        try (reader;
                putter) {
            putter.rest(isOffDuty.getAsBoolean());
            while (!isDone()) {
                signalled = false;
                turns = ++turn;
                restOrWake();
                int work = putter.poll();
                if (putter.hasRoom()) {
                    work += publishBatch();
                }
                if (work == 0) {
                    park();
                }
            }
        } catch (RuntimeException | Error e) {
            onFailure.accept(e);
        }
    }

    private void restOrWake() {
        boolean offDuty = isOffDuty.getAsBoolean();
        if (!offDuty || caughtUp) {
            putter.rest(offDuty);
        }
    }

    /** Reads entries up to the batch's bound and puts their trades; returns how many entries. */
    private int publishBatch() {
        int entries = 0;
        int bytes = 0;
        while (bytes < BATCH_BYTES && !isAtEndOfRange() && reader.next()) {
            entries++;
            if (reader.position() >= range.to()) {
                readPosition = range.to();
                break;
            }
            takeEntry();
            bytes += reader.frame().length();
            readPosition = Math.max(range.from(), reader.nextPosition());
        }
        if (entries > 0) {
            packer.flush();
            putter.endBatch(readPosition);
        }
        caughtUp = entries == 0;
        return entries;
    }

    private void takeEntry() {
        if (reader.type() != EntryType.FRAME) {
            return;
        }
        if (reader.position() < range.from()) {
            packer.warmUp(reader.frame(), reader.previousSegment(), reader.segment(), reader.position());
        } else {
            packer.onFrame(reader.frame(), reader.previousSegment(), reader.segment(), reader.position());
        }
    }

    private boolean isAtEndOfRange() {
        return readPosition >= range.to();
    }

    private boolean isDone() {
        boolean allPut = caughtUp || isAtEndOfRange();
        if (allPut && putter.outstandingRecords() == 0 && (draining || isAtEndOfRange())) {
            return true;
        }
        return draining && System.nanoTime() - drainDeadlineNanos > 0;
    }

    private void park() {
        parked = true;
        if (!signalled) {
            LockSupport.parkNanos(this, Math.min(putter.nanosToNextWork(), LONGEST_PARK_NANOS));
        }
        parked = false;
    }

    /** Tells that there is something to do: an entry, a result, a request to stop. Any thread; never waits. */
    void wakeUp() {
        signalled = true;
        if (parked) {
            LockSupport.unpark(thread);
        }
    }

    /**
     * Ends the thread once all that is in the journal is acknowledged, or at the deadline; nothing may be appended any
     * more.
     */
    void drain(long timeoutNanos) {
        drainDeadlineNanos = System.nanoTime() + timeoutNanos;
        caughtUp = false;
        draining = true;
        wakeUp();
    }

    /** Ends the thread once all that is in its range is acknowledged, however long that takes. */
    void drainWithoutDeadline() {
        drain(Long.MAX_VALUE / 2);
    }

    /** How often it has gone through its loop, about ten times a second or more; any thread. */
    long turns() {
        return turns;
    }

    /** What its thread is doing; any thread. */
    StackTraceElement[] stack() {
        return thread.getStackTrace();
    }

    /** The position up to which entries have been read and packed; any thread. */
    long readPosition() {
        return readPosition;
    }

    /** Whether the last look found nothing to read; any thread. */
    boolean isCaughtUp() {
        return caughtUp;
    }

    /** Whether all that was read is acknowledged and nothing was left to read; meaningful once the thread has ended. */
    boolean isComplete() {
        return (caughtUp || isAtEndOfRange()) && putter.outstandingRecords() == 0;
    }
}
