package io.tapestream.feed;

import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * Decides what to do after the end of a connection: how long to wait, and whether trying on is still likely to help.
 *
 * <p>Waits are random between 0 and a bound that doubles with each end and only falls back when a session has proved
 * stable: a handshake alone proves nothing, since a venue may accept a connection and close it at once.
 */
final class Reconnects {
    /** A venue that asks to be left alone is taken to have been tried in vain this many times already. */
    private static final int DOUBLINGS_WHEN_ASKED_TO_WAIT = 4;

    private static final int MAX_DOUBLINGS = 30;

    private final FeedSettings settings;
    private final RandomGenerator random;
    private int doublings;
    private int policyCloses;

    Reconnects(FeedSettings settings, RandomGenerator random) {
        this.settings = settings;
        this.random = random;
    }

    /**
     * What to do next.
     *
     * @param waitMillis how long to wait before the next attempt
     * @param isDegraded whether the venue refuses us, so that a person should look
     */
    record Decision(long waitMillis, boolean isDegraded) {}

    /** Decides after the end of a connection, which was a stable session or not. */
    Decision after(ConnectionEnd end, boolean wasStable) {
        if (wasStable) {
            doublings = 0;
            policyCloses = 0;
        }
        boolean isDegraded = isRefusal(end);
        long waitMillis = isDegraded ? settings.backoffMax().toMillis() : backoffMillis(end);
        return new Decision(Math.max(waitMillis, askedMillis(end)), isDegraded);
    }

    private boolean isRefusal(ConnectionEnd end) {
        return switch (end.kind()) {
            case UNTRUSTED -> true;
            case REFUSED -> end.code() != CloseCode.HTTP_TOO_MANY_REQUESTS && end.code() < 500;
            case CLOSED -> end.code() == CloseCode.POLICY && ++policyCloses >= settings.policyRetries();
            case REQUESTED, LOST, SILENT, BROKEN, FAILED, UNLEASED -> false;
        };
    }

    private long backoffMillis(ConnectionEnd end) {
        boolean askedToWait = end.code() == CloseCode.TRY_AGAIN_LATER || end.code() == CloseCode.HTTP_TOO_MANY_REQUESTS;
        if (askedToWait) {
            doublings = Math.max(doublings, DOUBLINGS_WHEN_ASKED_TO_WAIT);
        }
        long bound =
                Math.min(settings.backoffMax().toMillis(), settings.backoffMin().toMillis() << doublings);
        doublings = Math.min(doublings + 1, MAX_DOUBLINGS);
        long least = askedToWait ? bound / 2 : 0;
        return least + random.nextLong(bound - least + 1);
    }

    private long askedMillis(ConnectionEnd end) {
        Duration asked = end.retryAfter();
        if (asked == null) {
            return 0;
        }
        Duration longest = settings.retryAfterMax();
        return (asked.compareTo(longest) < 0 ? asked : longest).toMillis();
    }
}
