package io.tapestream.replay;

import java.util.concurrent.CompletableFuture;
import java.util.function.LongSupplier;

/**
 * Plays a tape to an audience at a pace: the market's one clock, whatever connections come and go.
 *
 * <p>A state machine stepped by a timer, on one thread. It waits for an audience that is not ready to take more, and
 * counts that; nothing is buffered for it.
 */
final class Playback {
    /** Who the frames go to. */
    interface Audience {
        /**
         * Makes room for the next frame by letting go what was sent; if there is none, counts that and answers false,
         * and {@link Playback#resume()} is called when there is.
         */
        boolean makeRoom();

        /** Whether anybody has subscribed anything. */
        boolean isEmpty();

        /** Takes a frame; returns the trades that went to the one who got most, -1 if nobody got anything. */
        int send(MarketFrame frame);

        /** Lets what was sent go. */
        void flush();
    }

    /** Runs a step later, on the same thread. */
    @FunctionalInterface
    interface Timer {
        /** Runs {@code step} after so many nanoseconds, but never within this call. */
        void after(long nanos, Runnable step);
    }

    private static final int FRAMES_PER_TURN = 256;

    /** After a round in which nothing went out: a capture without a subscribed symbol must not keep a core busy. */
    private static final long REST_NANOS = 1_000_000_000;

    private final Tape tape;
    private final Audience audience;
    private final Timer timer;
    private final LongSupplier nanoTime;
    private final CompletableFuture<Void> end;
    private final Pace pace;
    private final boolean waitsForAudience;
    private boolean isLoaded;
    private boolean isWaiting;
    private boolean isStopped;
    private boolean wasHeard;
    private long round;

    /**
     * A playback that waits for its start.
     *
     * @param end completed when the tape is at its end; exceptionally when a capture cannot be read or a frame not
     *     logged
     */
    Playback(
            Tape tape,
            Speed speed,
            Audience audience,
            Timer timer,
            LongSupplier nanoTime,
            CompletableFuture<Void> end) {
        this.tape = tape;
        this.audience = audience;
        this.timer = timer;
        this.nanoTime = nanoTime;
        this.end = end;
        pace = new Pace(speed, nanoTime.getAsLong());
        waitsForAudience = speed.kind() == Speed.Kind.MAX;
    }

    /** Plays, from so long from now on, until the end or {@link #stop()}. */
    void startAfter(long nanos) {
        pace.rest(nanoTime.getAsLong(), nanos);
        timer.after(nanos, this::turn);
    }

    /** The audience is ready again; does nothing if nothing waited for that. */
    void resume() {
        if (isWaiting) {
            isWaiting = false;
            timer.after(0, this::turn);
        }
    }

    /** Sends nothing more. */
    void stop() {
        isStopped = true;
        tape.close();
    }

    private void turn() {
        if (isStopped) {
            return;
        }
        try {
            play();
        } catch (RuntimeException e) {
            stop();
            end.completeExceptionally(e);
        } finally {
            audience.flush();
        }
    }

    private void play() {
        for (int i = 0; i < FRAMES_PER_TURN; i++) {
            if (!isLoaded && !load()) {
                stop();
                end.complete(null);
                return;
            }
            if (!audience.makeRoom() || (waitsForAudience && audience.isEmpty())) {
                isWaiting = true;
                return;
            }
            long waitNanos = pace.waitNanos(nanoTime.getAsLong());
            if (waitNanos > 0) {
                timer.after(waitNanos, this::turn);
                return;
            }
            send();
        }
        timer.after(0, this::turn);
    }

    private boolean load() {
        isLoaded = tape.next();
        pace.next(tape.gapMillis());
        if (tape.round() != round) {
            beginRound();
        }
        return isLoaded;
    }

    private void beginRound() {
        if (!wasHeard) {
            pace.rest(nanoTime.getAsLong(), REST_NANOS);
        }
        round = tape.round();
        wasHeard = false;
    }

    private void send() {
        int trades = audience.send(tape.frame());
        isLoaded = false;
        wasHeard |= trades >= 0;
        pace.sent(audience.isEmpty() ? tape.frame().tradeCount() : Math.max(0, trades));
    }
}
