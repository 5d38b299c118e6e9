package io.tapestream;

import com.codahale.metrics.MetricRegistry;
import io.tapestream.journal.Journal;
import io.tapestream.kinesis.UserRecordPutter;
import io.tapestream.record.RecordPacker;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Publishes a range of a journal again, with the {@link Publisher} that publishes live: every trade gets the id that it
 * got then.
 */
final class Replay {
    private final Settings settings;
    private final Ingester.PutterFactory putters;
    private final Journal journal;
    private final MetricRegistry metrics = new MetricRegistry();
    private final Counts counts = new Counts(metrics);
    private final AtomicReference<@Nullable Publisher> publisher = new AtomicReference<>();
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();

    Replay(Settings settings, Ingester.PutterFactory putters, Journal journal) {
        this.settings = settings;
        this.putters = putters;
        this.journal = journal;
    }

    /** Publishes and waits, however long it takes; returns whether all of it is acknowledged. */
    boolean publish(Publisher.Range range) throws InterruptedException {
        UserRecordPutter putter = putters.create(range.from(), this::wakeUp, metrics);
        Publisher publishing = new Publisher(
                journal.reader(journal.warmUpPosition(range.from())),
                range,
                new RecordPacker(settings.record(), putter::put, metrics),
                putter,
                failure::set);
        publisher.set(publishing);
        Thread thread = new Threads("publisher").newThread(publishing);
        thread.start();
        publishing.drainWithoutDeadline();
        thread.join();
        return failure.get() == null && publishing.isComplete();
    }

    private void wakeUp() {
        Publisher publishing = publisher.get();
        if (publishing != null) {
            publishing.wakeUp();
        }
    }

    /** What went wrong; null if nothing did. */
    @Nullable Throwable failure() {
        return failure.get();
    }

    Counts counts() {
        return counts;
    }
}
