package io.tapestream;

import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/**
 * Sees to it that the publisher thread goes on: one that does not for the stuck timeout is handed to the failure
 * handler as a {@link StuckPublisherException}. It calls the KPL, which may wait for a lock or a disk for ever, and
 * would otherwise stop publishing in silence.
 *
 * <p>It counts its own looks and not time, so that a process which was frozen, or a host that was suspended, is not
 * taken for a thread that is stuck.
 */
final class PublisherWatch implements Runnable {
    private static final int LOOKS = 20;

    private final Publisher publisher;
    private final Duration timeout;
    private final Consumer<Throwable> onFailure;
    private volatile boolean stopped;
    private volatile Thread thread = Thread.currentThread();

    PublisherWatch(Publisher publisher, Duration timeout, Consumer<Throwable> onFailure) {
        this.publisher = publisher;
        this.timeout = timeout;
        this.onFailure = onFailure;
    }

    @Override
    public void run() {
        thread = Thread.currentThread();
        long seenTurns = -1;
        int looks = 0;
        while (!stopped) {
            long turns = publisher.turns();
            looks = turns == seenTurns ? looks + 1 : 0;
            seenTurns = turns;
            if (looks >= LOOKS) {
                onFailure.accept(stuck());
                return;
            }
            LockSupport.parkNanos(this, timeout.toNanos() / LOOKS);
        }
    }

    private StuckPublisherException stuck() {
        StackTraceElement[] stack = publisher.stack();
        String where = Arrays.stream(stack).findFirst().map(Object::toString).orElse("unknown");
        StuckPublisherException stuck = new StuckPublisherException("publisher stuck: seconds=" + timeout.toSeconds()
                + " at=\"" + where + "\" (the KPL does not return; what is not acknowledged is in the journal and"
                + " published at the next start)");
        stuck.setStackTrace(stack);
        return stuck;
    }

    /** Ends the thread. */
    void stop() {
        stopped = true;
        LockSupport.unpark(thread);
    }
}
