package io.tapestream;

import com.codahale.metrics.MetricRegistry;
import io.tapestream.journal.EntryType;
import io.tapestream.journal.Journal;
import io.tapestream.journal.JournalReader;
import io.tapestream.record.RecordPacker;
import io.tapestream.record.RecordSettings;
import io.tapestream.record.UserRecord;
import io.tapestream.table.TradeItem;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/**
 * The trades that a range of the journal has published, as the items that they should have become, by the same packer
 * that published them. Reads on as it is asked; holds the trades of one frame.
 */
final class ExpectedTrades implements AutoCloseable {
    /**
     * A trade and where it comes from.
     *
     * @param item the item that it should have become
     * @param position position of its frame
     * @param segment base position of the frame's segment
     */
    record Expected(TradeItem item, long position, long segment) {}

    /**
     * Times of receipt, epoch milliseconds, both included; empty if the first is after the last.
     *
     * @param firstMillis first
     * @param lastMillis last
     */
    record Span(long firstMillis, long lastMillis) {
        boolean isEmpty() {
            return firstMillis > lastMillis;
        }
    }

    private final Publisher.Range range;
    private final JournalReader reader;
    private final RecordPacker packer;
    private final Deque<Expected> read = new ArrayDeque<>();
    private long firstMillis = Long.MAX_VALUE;
    private long lastMillis = Long.MIN_VALUE;
    private long beforeMillis = Long.MIN_VALUE;
    private long afterMillis = Long.MAX_VALUE;

    ExpectedTrades(Journal journal, Publisher.Range range, RecordSettings settings) {
        this.range = range;
        this.reader = journal.reader(journal.warmUpPosition(range.from()));
        this.packer = new RecordPacker(settings, this::takeLines, new MetricRegistry());
    }

    /** The next trade; null at the end of the range. */
    @Nullable Expected next() {
        while (read.isEmpty() && afterMillis == Long.MAX_VALUE && reader.next()) {
            if (reader.type() == EntryType.FRAME) {
                takeFrame();
            }
        }
        return read.poll();
    }

    private void takeFrame() {
        long receivedAtMillis = reader.frame().receivedAtMillis();
        if (reader.position() >= range.to()) {
            afterMillis = receivedAtMillis;
        } else if (reader.position() < range.from()) {
            beforeMillis = Math.max(beforeMillis, receivedAtMillis);
            packer.warmUp(reader.frame(), reader.previousSegment(), reader.segment(), reader.position());
        } else {
            firstMillis = Math.min(firstMillis, receivedAtMillis);
            lastMillis = Math.max(lastMillis, receivedAtMillis);
            packer.onFrame(reader.frame(), reader.previousSegment(), reader.segment(), reader.position());
            packer.flush(); // all of the lines are this frame's
        }
    }

    private void takeLines(UserRecord userRecord) {
        byte[] bytes = new byte[userRecord.length()];
        userRecord.payload().get(bytes);
        userRecord.release();
        TradeItem.ofLines(bytes).forEach(item -> read.add(new Expected(item, reader.position(), reader.segment())));
    }

    /**
     * When the range was received, once it has been read: without the milliseconds that it shares with the frames
     * around it.
     */
    Span span() {
        return new Span(
                beforeMillis >= firstMillis ? beforeMillis + 1 : firstMillis,
                afterMillis <= lastMillis ? afterMillis - 1 : lastMillis);
    }

    @Override
    public void close() {
        reader.close();
    }
}
