package io.tapestream.kinesis;

import java.util.ArrayDeque;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The batches that are not wholly acknowledged, in order, and the position below which everything is. Confined to the
 * publisher thread but for {@link #acknowledgedPosition()}.
 */
final class Batches {
    /** The user records that were put between two positions. */
    static final class Batch {
        private final long start;
        private long end;
        private int unacknowledged;

        private Batch(long start) {
            this.start = start;
        }

        /** No trade of the batch lies below this position. */
        long start() {
            return start;
        }
    }

    private final ArrayDeque<Batch> ended = new ArrayDeque<>();
    private final AtomicLong acknowledgedPosition;
    private Batch current;
    private long endPosition;

    Batches(long initialPosition) {
        acknowledgedPosition = new AtomicLong(initialPosition);
        endPosition = initialPosition;
        current = new Batch(initialPosition);
    }

    /** Adds a record to the current batch, which it returns. */
    Batch add() {
        current.unacknowledged++;
        return current;
    }

    /** Ends the current batch: every trade below {@code position} is in it or in an earlier one. */
    void end(long position) {
        if (position < endPosition) {
            throw new IllegalArgumentException(
                    "batch ends before it began: position=" + position + " began=" + endPosition);
        }
        endPosition = position;
        Batch last = ended.peekLast();
        if (current.unacknowledged == 0 && last != null) {
            // So frames without trades never make the queue longer, however long one record takes.
            last.end = position;
        } else {
            current.end = position;
            ended.add(current);
        }
        current = new Batch(position);
        advance();
    }

    /** One record of the batch is acknowledged. */
    void acknowledge(Batch batch) {
        batch.unacknowledged--;
        if (batch == ended.peekFirst()) {
            advance();
        }
    }

    private void advance() {
        Batch first = ended.peekFirst();
        while (first != null && first.unacknowledged == 0) {
            acknowledgedPosition.set(first.end);
            ended.removeFirst();
            first = ended.peekFirst();
        }
    }

    /** End of the longest prefix of wholly acknowledged batches; any thread. */
    long acknowledgedPosition() {
        return acknowledgedPosition.get();
    }

    /** Bytes of journal between that position and the end of the last batch. */
    long aheadBytes() {
        return endPosition - acknowledgedPosition.get();
    }
}
