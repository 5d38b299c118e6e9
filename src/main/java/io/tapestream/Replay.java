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
    private static final long POLL_MILLIS = 100;

    /** What the end of the producer may take once all is acknowledged. */
    private static final long CLOSE_MILLIS = 10_000;

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
                this::fail);
        publisher.set(publishing);
        Thread thread = new Threads("publisher").newThread(publishing);
        PublisherWatch watch = new PublisherWatch(publishing, settings.stuckTimeout(), this::fail);
        thread.start();
        new Threads("publisher-watch").newThread(watch).start();
        publishing.drainWithoutDeadline();
        while (thread.isAlive() && failure.get() == null) {
            thread.join(POLL_MILLIS);
        }
        thread.join(CLOSE_MILLIS);
        watch.stop();
        return failure.get() == null && publishing.isComplete();
    }

    private void fail(Throwable cause) {
        failure.compareAndSet(null, cause);
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
