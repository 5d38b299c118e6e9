package io.tapestream;

import java.io.PrintStream;
import java.util.Locale;

/**
 * Prints a line a second for a person: frames, trades, rate, how far behind, how much is acknowledged. On a thread of
 * its own.
 */
final class Progress implements Runnable {
    private final Ingester ingester;
    private final PrintStream out;
    private volatile boolean stopped;

    Progress(Ingester ingester, PrintStream out) {
        this.ingester = ingester;
        this.out = out;
    }

    @Override
    public void run() {
        long before = 0;
        long beforeNanos = System.nanoTime();
        while (!stopped) {
            try {
                Thread.sleep(1000);
            } catch (InterruptedException e) {
                return;
            }
            long trades = ingester.counts().of("record.trades-received");
            long now = System.nanoTime();
            double rate = (trades - before) * 1e9 / (now - beforeNanos);
            before = trades;
            beforeNanos = now;
            if (!stopped) {
                out.println(line(trades, rate));
            }
        }
    }

    private String line(long trades, double rate) {
        var health = ingester.health();
        return String.format(
                Locale.ROOT,
                "%-8s feed %-10s frames %,9d  trades %,10d  %,7.0f/s  behind %9s B  acknowledged %,10d trades",
                health.state(),
                health.details().get("feed"),
                ingester.counts().of("feed.frames"),
                trades,
                rate,
                health.details().get("behind_bytes"),
                ingester.counts().of("kinesis.acknowledged-trades"));
    }

    void stop() {
        stopped = true;
    }
}
