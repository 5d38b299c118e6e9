package io.tapestream;

import com.codahale.metrics.Gauge;
import com.codahale.metrics.MetricRegistry;
import com.codahale.metrics.jmx.JmxReporter;
import io.tapestream.feed.FeedClient;
import io.tapestream.feed.KeyInUseException;
import io.tapestream.journal.Journal;
import io.tapestream.journal.JournalLockedException;
import io.tapestream.journal.JournalMismatchException;
import io.tapestream.journal.JournalReader;
import io.tapestream.kinesis.Clocks;
import io.tapestream.kinesis.KinesisSettings;
import io.tapestream.kinesis.KplProducers;
import io.tapestream.kinesis.ProducerState;
import io.tapestream.kinesis.StreamCheck;
import io.tapestream.kinesis.StreamRefusedException;
import io.tapestream.kinesis.UserRecordPutter;
import io.tapestream.lease.LeaseRefusedException;
import io.tapestream.record.RecordPacker;
import io.tapestream.status.Health;
import io.tapestream.status.PortTakenException;
import io.tapestream.status.StatusServer;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The running pipeline of one environment: opens the stages in order, watches them, stops them in order.
 *
 * <p>Start: the journal and its lock, the stream check, the check of the key's lease, the key's lock, status, then the
 * threads and the feed; so nothing is received before it can be kept, and an obstacle is told before a connection is
 * made. Stop: feed, publisher (drained, up to a deadline), keeper, the rest. What is unacknowledged at the end is in
 * the journal and published at the next start.
 */
final class Ingester {
    private static final Logger LOG = LoggerFactory.getLogger(Ingester.class);

    /** What the end of the producer may take once the stop timeout is over. */
    private static final Duration CLOSE_TIME = Duration.ofSeconds(10);

    /** Makes the putter; a test puts a producer of its own behind it. */
    @FunctionalInterface
    interface PutterFactory {
        /** Makes a putter for which everything below {@code position} is acknowledged. */
        UserRecordPutter create(long position, Runnable wakeUp, MetricRegistry metrics);
    }

    /**
     * What the pipeline takes from outside.
     *
     * @param clock wall time
     * @param streamCheck asks whether the stream can be used
     * @param putters makes the putter
     */
    record Surroundings(InstantSource clock, Supplier<StreamCheck.Answer> streamCheck, PutterFactory putters) {
        /** The real clock, stream and producer. */
        static Surroundings of(Settings settings) {
            KinesisSettings kinesis = settings.kinesis();
            InstantSource clock = InstantSource.system();
            Clocks clocks = new Clocks(clock, System::nanoTime, RandomGenerator.getDefault());
            return new Surroundings(
                    clock,
                    () -> StreamCheck.check(kinesis),
                    (position, wakeUp, metrics) -> new UserRecordPutter(
                            kinesis, position, new KplProducers(kinesis), clocks, wakeUp, metrics));
        }
    }

    private final Settings settings;
    private final MetricRegistry metrics = new MetricRegistry();
    private final Counts counts = new Counts(metrics);
    private final CompletableFuture<Throwable> failure = new CompletableFuture<>();
    private final Deque<AutoCloseable> opened = new ArrayDeque<>();

    private final Journal journal;
    private final Publisher publisher;
    private final UserRecordPutter putter;
    private final PublisherWatch watch;
    private final JournalKeeper keeper;
    private final LeaseStage lease;
    private final FeedClient feed;
    private final FeedGate gate;
    private final HoursWatch hours;
    private final Thread publisherThread;
    private final Thread keeperThread;
    private volatile boolean stopping;

    /**
     * Opens every stage and connects.
     *
     * @throws CannotStartException a definite obstacle; what had been opened is closed again
     * @throws SettingsException the journal is of another environment, feed or stream
     */
    Ingester(Settings settings, Surroundings surroundings) {
        this.settings = settings;
        try {
            journal = open(Journal.open(settings.journal(), surroundings.clock(), metrics));
            checkStream(surroundings);
            long checkpoint = journal.checkpoint();
            putter = surroundings.putters().create(checkpoint, this::wakePublisher, metrics);
            RecordPacker packer = new RecordPacker(settings.record(), putter::put, metrics);
            tellHowLongNoTradeHasCome(packer, surroundings.clock());
            publisher = new Publisher(
                    journal.reader(journal.warmUpPosition(checkpoint)),
                    new Publisher.Range(checkpoint, Long.MAX_VALUE),
                    packer,
                    putter,
                    this::fail);
            watch = new PublisherWatch(publisher, settings.stuckTimeout(), this::fail);
            keeper = new JournalKeeper(
                    journal, settings.journal().maxBytes(), putter::acknowledgedPosition, metrics, this::fail);
            lease = open(LeaseStage.open(settings, surroundings.clock(), metrics, this::fail));
            feed = open(feed(surroundings.clock()));
            gate = new FeedGate(feed);
            hours = new HoursWatch(settings.hours(), surroundings.clock(), gate);
            publisher.restsWhile(hours::isOutside);
            keeper.holds(gate);
            open(JmxReporter.forRegistry(metrics).inDomain("io.tapestream").build())
                    .start();
            if (settings.status().port() >= 0) {
                StatusServer status =
                        open(StatusServer.start(settings.status(), metrics, this::health, new Threads("status")));
                LOG.info("status served url=http://{}:{}/", settings.status().host(), status.port());
            }
        } catch (StreamRefusedException
                | JournalLockedException
                | LeaseRefusedException
                | KeyInUseException
                | PortTakenException
                | UncheckedIOException e) {
            closeOpened();
            throw new CannotStartException(e);
        } catch (JournalMismatchException e) {
            closeOpened();
            throw new SettingsException(e);
        } catch (RuntimeException e) {
            closeOpened();
            throw e;
        }
        publisherThread = new Threads("publisher").newThread(publisher);
        keeperThread = new Threads("journal-keeper").newThread(keeper);
    }

    /** A venue whose market is closed pings on: that no trade comes is another thing than silence. */
    private void tellHowLongNoTradeHasCome(RecordPacker packer, InstantSource clock) {
        long startedAtMillis = clock.millis();
        Gauge<Long> sinceTrades =
                () -> (clock.millis() - Math.max(startedAtMillis, packer.tradesReceivedAtMillis())) / 1000;
        metrics.gauge("record.seconds-since-trades", () -> sinceTrades);
    }

    /** Starts the threads and connects to the venue. The journal's tail is published at once. */
    void start() {
        LOG.info(
                "started env={} stream={} symbols={} journal={} checkpoint={} end={}",
                settings.environment(),
                settings.kinesis().stream(),
                settings.feed().symbols().size(),
                settings.journal().directory(),
                journal.checkpoint(),
                journal.endPosition());
        hours.look();
        publisherThread.start();
        new Threads("publisher-watch").newThread(watch).start();
        keeper.look();
        keeperThread.start();
        lease.start();
        gate.start();
        if (!settings.hours().windows().isEmpty()) {
            new Threads("hours").newThread(hours).start();
        }
    }

    private void checkStream(Surroundings surroundings) {
        if (surroundings.streamCheck().get() == StreamCheck.Answer.READY) {
            return;
        }
        String where = "stream=" + settings.kinesis().stream() + " region="
                + settings.kinesis().region() + " endpoint="
                + (settings.kinesis().endpoint() == null
                        ? "aws"
                        : settings.kinesis().endpoint());
        if (isEmpty(journal)) {
            throw new CannotStartException(
                    "kinesis cannot be reached and the journal is empty: " + where
                            + " (check network, region and endpoint; with a journal the feed would be kept and published later)");
        }
        LOG.warn(
                "kinesis cannot be reached, starting all the same: the journal keeps the feed and is published later {}",
                where);
    }

    private static boolean isEmpty(Journal journal) {
        try (JournalReader reader = journal.reader(journal.startPosition())) {
            return !reader.next();
        }
    }

    private FeedClient feed(InstantSource clock) {
        JournalingHandler handler =
                new JournalingHandler(journal.appender(), settings, this::wakePublisher, this::feedWaits, this::fail);
        return new FeedClient(
                settings.feed(),
                lease.key(),
                new FeedClient.Handlers(handler, handler),
                clock,
                new Threads("feed"),
                metrics);
    }

    private void wakePublisher() {
        publisher.wakeUp();
    }

    private void feedWaits() {
        keeper.feedWaits();
    }

    private <T extends AutoCloseable> T open(T stage) {
        opened.push(stage);
        return stage;
    }

    private void closeOpened() {
        while (!opened.isEmpty()) {
            try {
                opened.pop().close();
            } catch (UncheckedIOException e) {
                LOG.warn("stage not closed cleanly cause={}", e.getMessage());
            } catch (Exception e) {
                LOG.warn("stage did not close", e);
            }
        }
    }

    private void fail(Throwable cause) {
        failure.complete(cause);
    }

    /** Completes with the cause when a stage has failed and the process has to stop. */
    CompletableFuture<Throwable> failure() {
        return failure;
    }

    /**
     * Stops receiving, waits until the rest is acknowledged or the stop timeout has passed, and closes everything:
     * within the stop timeout and 20 seconds.
     *
     * @return whether all that is in the journal is acknowledged
     */
    synchronized boolean stop(String reason) throws InterruptedException {
        if (!stopping) {
            stopping = true;
            hours.stop();
            gate.closeForGood(reason);
            publisher.drain(settings.stopTimeout().toNanos());
            publisherThread.join(
                    isPublisherStuck()
                            ? 1
                            : settings.stopTimeout().plus(CLOSE_TIME).toMillis());
            watch.stop();
            keeper.stop();
            keeperThread.join(Duration.ofSeconds(10).toMillis());
            writeLastCheckpoint();
            closeOpened();
        }
        return publisher.isComplete();
    }

    private boolean isPublisherStuck() {
        return failure.isDone() && failure.join() instanceof StuckPublisherException;
    }

    private void writeLastCheckpoint() {
        try {
            journal.maintain(putter.acknowledgedPosition(), true);
        } catch (UncheckedIOException e) {
            LOG.error("last checkpoint not written, the next start puts again what it covers cause={}", e.getMessage());
        }
    }

    /** The pipeline's metrics by name. */
    Counts counts() {
        return counts;
    }

    /** All metrics. */
    MetricRegistry metrics() {
        return metrics;
    }

    /** Journal bytes that are not acknowledged yet; any thread, also after the stop. */
    long unacknowledgedBytes() {
        return Math.max(0, journal.endPosition() - putter.acknowledgedPosition());
    }

    /** Whether the feed is closed because its hours are over. */
    boolean isOutsideHours() {
        return hours.isOutside();
    }

    /** How it is doing now. */
    Health health() {
        FeedClient.State feedState = feed.state();
        List<String> reasons = reasons(feedState);
        boolean degraded = !reasons.isEmpty();
        SortedMap<String, Object> details = new TreeMap<>();
        details.put("env", settings.environment());
        details.put("feed", feedState.name().toLowerCase(java.util.Locale.ROOT));
        details.put("frames", counts.of("feed.frames"));
        details.put("trades_received", counts.of("record.trades-received"));
        details.put("trades_published", counts.of("record.trades-published"));
        details.put("rejected_trades", counts.sumOf("record.rejected-trades."));
        details.put("broken_messages", counts.of("record.broken-messages"));
        details.put("behind_bytes", publisher.isCaughtUp() ? 0L : journal.endPosition() - publisher.readPosition());
        details.put("unacknowledged_bytes", unacknowledgedBytes());
        details.put("outstanding_records", putter.outstandingRecords());
        details.put("journal_full", keeper.isFull());
        details.put("reasons", reasons);
        details.put("outside_hours", hours.isOutside());
        lease.describe(details);
        String working = feedState == FeedClient.State.STANDBY ? "standby" : "running";
        String state = stopping ? "stopping" : degraded ? "degraded" : working;
        return new Health(!degraded && !stopping, state, details);
    }

    /** Why it is degraded; empty if it is not. */
    private List<String> reasons(FeedClient.State feedState) {
        List<String> reasons = new ArrayList<>();
        if (feedState == FeedClient.State.DEGRADED) {
            reasons.add("feed-degraded");
        }
        if (keeper.isFull()) {
            reasons.add("journal-full");
        }
        ProducerState producerState = putter.producerState();
        if (producerState != ProducerState.RUNNING) {
            reasons.add("producer-" + producerState.word());
        }
        if (lease.isUnanswered()) {
            reasons.add("lease-unanswered");
        }
        if (failure.isDone()) {
            reasons.add(isPublisherStuck() ? "publisher-stuck" : "stage-failed");
        }
        return reasons;
    }
}
