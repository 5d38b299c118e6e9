package io.tapestream;

import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One run of the ingester from start to summary, whoever ends it: its time, a failure, or a signal. */
final class Run {
    private static final Logger LOG = LoggerFactory.getLogger(Run.class);
    private static final long POLL_MILLIS = 100;

    /**
     * What ends a run besides a signal or a failure.
     *
     * @param runFor how long to run, from the first trade; null for no limit
     * @param untilHoursEnd whether it ends when the feed's hours are over
     */
    record Limits(@Nullable Duration runFor, boolean untilHoursEnd) {}

    private final Settings settings;
    private final boolean json;
    private final PrintStream out;

    private volatile @Nullable Ingester ingester;
    private @Nullable Progress progress;
    private long firstTradeNanos;
    private boolean finished;

    Run(Settings settings, boolean json, PrintStream out) {
        this.settings = settings;
        this.json = json;
        this.out = out;
    }

    /**
     * Starts, waits for the end and finishes; returns the exit code.
     *
     * @param limits what ends it besides a signal or a failure
     * @param progressOut where a line a second goes; null for nowhere
     */
    int toEnd(Limits limits, @Nullable PrintStream progressOut) throws InterruptedException {
        Ingester started = start();
        if (progressOut != null) {
            progress = new Progress(started, progressOut);
            new Threads("progress").newThread(progress).start();
        }
        Throwable failure = await(started, limits);
        return finish(failure);
    }

    private Ingester start() {
        Ingester starting = new Ingester(settings, Ingester.Surroundings.of(settings));
        ingester = starting;
        starting.start();
        return starting;
    }

    private @Nullable Throwable await(Ingester running, Limits limits) throws InterruptedException {
        while (true) {
            try {
                return running.failure().get(POLL_MILLIS, TimeUnit.MILLISECONDS);
            } catch (TimeoutException e) {
                if (firstTradeNanos == 0 && running.counts().of("record.trades-received") > 0) {
                    firstTradeNanos = System.nanoTime();
                }
                if (hasRunFor(limits.runFor()) || (limits.untilHoursEnd() && running.isOutsideHours())) {
                    return null;
                }
            } catch (ExecutionException e) {
                return e.getCause();
            }
        }
    }

    private boolean hasRunFor(@Nullable Duration duration) {
        return duration != null && firstTradeNanos != 0 && System.nanoTime() - firstTradeNanos >= duration.toNanos();
    }

    /** Stops, prints the summary, and says with which code to exit. Once; a second caller waits for the first. */
    private synchronized int finish(@Nullable Throwable failure) throws InterruptedException {
        Ingester stopping = ingester;
        if (stopping == null || finished) {
            return Main.OK;
        }
        finished = true;
        if (failure instanceof StuckPublisherException) {
            LOG.error("stopped: {}", failure.getMessage(), failure);
        } else if (failure instanceof UncheckedIOException) {
            LOG.error("stopped: {}", failure.getMessage());
        } else if (failure != null) {
            LOG.error("stopped by a defect", failure);
        }
        double seconds = firstTradeNanos == 0 ? 0 : (System.nanoTime() - firstTradeNanos) / 1e9;
        boolean acknowledged = stopping.stop(failure == null ? "stopped" : "failed");
        if (progress != null) {
            progress.stop();
        }
        if (!acknowledged) {
            LOG.error(
                    "stopped with unacknowledged data: bytes={} (it is in the journal and published at the next start)",
                    stopping.unacknowledgedBytes());
        }
        Map<String, Object> summary = Summary.of(stopping, settings.environment(), seconds);
        out.println(json ? Summary.json(summary) : Summary.text(summary));
        out.flush();
        return acknowledged && failure == null ? Main.OK : Main.UNACKNOWLEDGED;
    }

    /**
     * Runs as the JVM's shutdown hook: after a signal it finishes, and only unacknowledged data changes the exit code
     * that the signal gives.
     */
    void onSignal() {
        if (ingester == null) {
            return; // nothing has been received yet, and the start may be waiting for an endpoint that says nothing
        }
        try {
            if (isFinished()) {
                return;
            }
            int code = finish(null);
            Logs.close();
            if (code != Main.OK) {
                Runtime.getRuntime().halt(code);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private synchronized boolean isFinished() {
        return finished;
    }
}
