package io.tapestream.kinesis;

import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;

/** Logs a failure that may repeat: the first at once, then at most one a minute with the number of those in between. */
final class FailureLog {
    private static final long INTERVAL_NANOS = TimeUnit.MINUTES.toNanos(1);

    private final Logger log;
    private boolean hasLogged;
    private long loggedNanos;
    private long unlogged;

    FailureLog(Logger log) {
        this.log = log;
    }

    /** Logs the event, or counts it. */
    void warn(String event, Object cause, long nowNanos) {
        if (hasLogged && nowNanos - loggedNanos < INTERVAL_NANOS) {
            unlogged++;
            return;
        }
        log.warn("{} cause=\"{}\" more={}", event, cause, unlogged);
        hasLogged = true;
        loggedNanos = nowNanos;
        unlogged = 0;
    }
}
