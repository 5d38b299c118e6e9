package io.tapestream;

import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Opens and closes the feed by its hours, on a thread of its own; looks at the wall clock once a second. */
final class HoursWatch implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger(HoursWatch.class);
    private static final long ROUND_NANOS = 1_000_000_000;
    private static final String REASON = "outside-hours";

    private final FeedHours hours;
    private final InstantSource clock;
    private final FeedGate gate;

    private volatile boolean isOutside;
    private volatile boolean stopped;
    private volatile Thread thread = Thread.currentThread();

    HoursWatch(FeedHours hours, InstantSource clock, FeedGate gate) {
        this.hours = hours;
        this.clock = clock;
        this.gate = gate;
    }

    @Override
    public void run() {
        thread = Thread.currentThread();
        while (!stopped) {
            look();
            LockSupport.parkNanos(this, ROUND_NANOS);
        }
    }

    /** Closes or opens the feed if its hours have ended or begun. Called by one thread at a time. */
    void look() {
        Instant now = clock.instant();
        boolean isNowOutside = !hours.hold(now);
        if (isNowOutside == isOutside) {
            return;
        }
        isOutside = isNowOutside;
        if (isNowOutside) {
            LOG.info(
                    "outside the feed's hours, feed closed next_start={}",
                    hours.nextStart(now).orElse(null));
            gate.close(REASON);
        } else {
            LOG.info("the feed's hours have begun, feed opens");
            gate.open(REASON);
        }
    }

    /** Whether the feed is closed for its hours; any thread. */
    boolean isOutside() {
        return isOutside;
    }

    /** Ends the thread after its round. */
    void stop() {
        stopped = true;
        LockSupport.unpark(thread);
    }
}
