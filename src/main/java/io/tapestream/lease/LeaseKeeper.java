package io.tapestream.lease;

import com.codahale.metrics.MetricRegistry;
import io.tapestream.feed.KeyLease;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes, renews and gives back the lease on a thread of its own; what is wanted is said by any thread, which waits for
 * nothing.
 *
 * <p>Why no two hosts have it at once. A holder counts from the <em>start</em> of its last successful renewal, until
 * duration and margin have left it; whoever stands by counts the holder's whole duration from the <em>answer</em> that
 * first showed it the row's version, and takes the lease only if that version is still there. The renewal was written
 * between that start and that answer, so the holder's time ends first, by the margin at least, whatever the network
 * holds back. Both count by a monotonic clock of their own; times of day are compared nowhere.
 *
 * <p>A grant that is over is not revived: the lease that is had again is another grant, so that a socket of the first
 * one cannot outlive a time in which the lease was somebody else's.
 */
public final class LeaseKeeper implements KeyLease, Runnable, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LeaseKeeper.class);
    private static final long RETRY_NANOS = Duration.ofSeconds(1).toNanos();
    private static final long STOP_MILLIS = Duration.ofSeconds(10).toMillis();

    /**
     * The clocks.
     *
     * @param wall time of day, for people
     * @param nanos monotonic nanoseconds, which go on while the process is stopped
     */
    public record Clocks(InstantSource wall, LongSupplier nanos) {}

    private final LeaseRows rows;
    private final Clocks clocks;
    private final Consumer<Throwable> onFailure;
    private final long heldNanos;
    private final long tryNanos;
    private final LeaseMetrics metrics;

    private volatile KeyLease.@Nullable Holder wanting;
    private volatile @Nullable TimedGrant grant;
    private volatile LeaseStatus status = new LeaseStatus(false, true, null, 0);
    private volatile boolean stopped;
    private volatile @Nullable Thread thread;

    private long dueNanos;
    private long sinceMillis;
    private boolean mayBeOurs;
    private @Nullable LeaseRow seen;
    private long seenNanos;
    private int failures;

    /**
     * Creates a keeper of a key's row; whoever runs it starts its thread.
     *
     * @param onFailure takes what ended the thread though nobody stopped it
     */
    public LeaseKeeper(
            LeaseSettings settings,
            LeaseTable table,
            Clocks clocks,
            MetricRegistry metrics,
            Consumer<Throwable> onFailure) {
        this(settings, (LeaseRows) table, clocks, metrics, onFailure);
    }

    LeaseKeeper(
            LeaseSettings settings,
            LeaseRows rows,
            Clocks clocks,
            MetricRegistry registry,
            Consumer<Throwable> onFailure) {
        this.rows = rows;
        this.clocks = clocks;
        this.onFailure = onFailure;
        this.heldNanos = settings.duration().minus(settings.margin()).toNanos();
        this.tryNanos = settings.tryInterval().toNanos();
        this.metrics = new LeaseMetrics(registry, this::isHeld);
        this.dueNanos = now();
    }

    /** What is known of the lease; any thread. */
    public LeaseStatus status() {
        LeaseStatus known = status;
        return known.isHeld() && !isHeld() ? new LeaseStatus(false, known.isAnswered(), null, 0) : known;
    }

    private boolean isHeld() {
        TimedGrant now = grant;
        return now != null && !now.isOver();
    }

    @Override
    public void want(KeyLease.Holder holder) {
        wanting = holder;
        wakeUp();
    }

    @Override
    public void giveBack() {
        wanting = null;
        TimedGrant given = grant;
        if (given != null) {
            given.end();
        }
        wakeUp();
    }

    private void wakeUp() {
        LockSupport.unpark(thread);
    }

    @Override
    public void run() {
        thread = Thread.currentThread();
        try {
            while (!stopped) {
                LockSupport.parkNanos(this, step());
            }
            releaseWhatIsGivenBack();
        } catch (RuntimeException | Error e) {
            onFailure.accept(e);
        }
    }

    /** Does what there is to do now; returns after how many nanoseconds there will be something again. */
    long step() {
        TimedGrant held = grant;
        if (held != null && held.isOver()) {
            endGrant(held);
            held = null;
        }
        KeyLease.Holder holder = wanting;
        if (holder == null) {
            releaseWhatIsGivenBack();
            return Long.MAX_VALUE;
        }
        if (now() - dueNanos >= 0) {
            claim(holder, held);
        }
        return untilNext();
    }

    private long untilNext() {
        TimedGrant held = grant;
        long wait = dueNanos - now();
        return held == null ? wait : Math.min(wait, held.remainingNanos());
    }

    private void claim(KeyLease.Holder holder, @Nullable TimedGrant held) {
        long startNanos = now();
        if (held == null) {
            sinceMillis = clocks.wall().millis();
        }
        try {
            if (held == null && failures > 0) {
                rows.probe(); // a try of one who hears no answers would keep the lease from everybody
            }
            mayBeOurs = true;
            LeaseRow other = rows.claim(sinceMillis, held == null ? expired(startNanos) : null);
            onAnswer();
            if (other == null) {
                onOurs(holder, held, startNanos);
            } else {
                onOthers(held, other, startNanos);
            }
        } catch (LeaseUnansweredException e) {
            onNoAnswer(e);
        }
    }

    /** What has been there, unchanged, for as long as its holder may count on it. */
    private @Nullable LeaseRow expired(long nowNanos) {
        LeaseRow last = seen;
        return last != null && nowNanos - seenNanos >= last.duration().toNanos() ? last : null;
    }

    private void onOurs(KeyLease.Holder holder, @Nullable TimedGrant held, long startNanos) {
        seen = null;
        dueNanos = startNanos + tryNanos;
        if (held != null) {
            metrics.renewals.inc();
            held.renew(startNanos + heldNanos);
            return;
        }
        metrics.grants.inc();
        TimedGrant granted = new TimedGrant(clocks.nanos(), startNanos + heldNanos);
        grant = granted;
        status = new LeaseStatus(true, true, null, sinceMillis);
        if (wanting == null) {
            granted.end(); // given back meanwhile, by one who did not see this grant
        }
        LOG.info("lease of the key taken held_ms={}", Math.max(0, granted.remainingNanos() / 1_000_000));
        holder.onGranted(granted);
    }

    private void onOthers(@Nullable TimedGrant held, LeaseRow other, long startNanos) {
        mayBeOurs = false;
        if (held != null) {
            held.end();
            lose("somebody else has it");
        }
        LeaseRow last = seen;
        if (last == null || !last.holder().equals(other.holder())) {
            LOG.warn(
                    "standby: another has the lease of the key host={} pid={} since={} (tried again every {} ms)",
                    other.holder().host(),
                    other.holder().pid(),
                    Instant.ofEpochMilli(other.sinceMillis()),
                    tryNanos / 1_000_000);
        }
        if (last == null || last.version() != other.version() || !last.holder().equals(other.holder())) {
            seen = other;
            seenNanos = now();
        }
        status = new LeaseStatus(false, true, other.holder(), other.sinceMillis());
        long expiryNanos = seenNanos + other.duration().toNanos();
        long soonNanos = startNanos + Math.min(RETRY_NANOS, tryNanos);
        dueNanos = startNanos + tryNanos;
        if (expiryNanos - dueNanos < 0) {
            dueNanos = expiryNanos - soonNanos > 0 ? expiryNanos : soonNanos;
        }
    }

    private void onAnswer() {
        if (failures > 0) {
            LOG.info("table of leases answers again failures={}", failures);
            failures = 0;
        }
    }

    private void onNoAnswer(LeaseUnansweredException e) {
        metrics.failures.inc();
        dueNanos = now() + Math.min(RETRY_NANOS, tryNanos);
        if (failures++ == 0) {
            LOG.warn(
                    "table of leases does not answer {} (no socket is open without the lease; it is asked again, further"
                            + " failures are counted)",
                    e.getMessage());
        }
        LeaseStatus last = status;
        status = new LeaseStatus(last.isHeld(), false, last.holder(), last.sinceMillis());
    }

    private void endGrant(TimedGrant held) {
        grant = null;
        dueNanos = now();
        if (!held.isEnded()) {
            held.end();
            lose("not renewed in time");
        }
    }

    private void lose(String why) {
        grant = null;
        metrics.losses.inc();
        status = new LeaseStatus(false, status.isAnswered(), null, 0);
        LOG.warn("lease of the key lost cause=\"{}\" (the feed stands by)", why);
        KeyLease.Holder holder = wanting;
        if (holder != null) {
            holder.onLost();
        }
    }

    private void releaseWhatIsGivenBack() {
        if (!mayBeOurs || wanting != null) {
            return;
        }
        mayBeOurs = false;
        grant = null;
        status = new LeaseStatus(false, true, null, 0);
        try {
            rows.release();
            LOG.info("lease of the key given back");
        } catch (LeaseUnansweredException e) {
            LOG.warn("lease of the key not given back, it ends by itself {}", e.getMessage());
        }
    }

    private long now() {
        return clocks.nanos().getAsLong();
    }

    /** Ends the thread; what was given back is released, what was not is no longer renewed and ends by itself. */
    @Override
    public void close() {
        stopped = true;
        Thread running = thread;
        LockSupport.unpark(running);
        try {
            if (running != null) {
                running.join(STOP_MILLIS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        rows.close();
    }
}
