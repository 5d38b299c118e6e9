package io.tapestream.replay;

import com.codahale.metrics.Counter;
import com.codahale.metrics.MetricRegistry;
import java.util.HashMap;
import java.util.Map;

/** What a market counts, as metrics {@code replay.*}. Updated on the event loop, read from any thread. */
public final class MarketCounts {
    private final Counter framesSent;
    private final Counter tradesSent;
    private final Counter framesMissed;
    private final Counter connectionsOpened;
    private final Counter connectionsRefused;
    private final Counter backPressureWaits;
    private final Map<String, Integer> socketsByKey = new HashMap<>();
    private volatile int mostSocketsPerKey;

    MarketCounts(MetricRegistry metrics) {
        framesSent = metrics.counter("replay.frames-sent");
        tradesSent = metrics.counter("replay.trades-sent");
        framesMissed = metrics.counter("replay.frames-missed");
        connectionsOpened = metrics.counter("replay.connections-opened");
        connectionsRefused = metrics.counter("replay.connections-refused");
        backPressureWaits = metrics.counter("replay.back-pressure-waits");
        metrics.gauge("replay.most-sockets-per-key", () -> this::mostSocketsPerKey);
    }

    void sent(int trades) {
        framesSent.inc();
        tradesSent.inc(trades);
    }

    void missed() {
        framesMissed.inc();
    }

    void opened() {
        connectionsOpened.inc();
    }

    void refused() {
        connectionsRefused.inc();
    }

    void waited() {
        backPressureWaits.inc();
    }

    /** A socket has given a key; returns how many now have it. */
    int socketOpened(String key) {
        int sockets = socketsByKey.merge(key, 1, Integer::sum);
        mostSocketsPerKey = Math.max(mostSocketsPerKey, sockets);
        return sockets;
    }

    void socketClosed(String key) {
        socketsByKey.computeIfPresent(key, (k, sockets) -> sockets == 1 ? null : sockets - 1);
    }

    /** Text frames handed to sockets, pings and errors among them. */
    public long framesSent() {
        return framesSent.getCount();
    }

    /** Trades in those frames. */
    public long tradesSent() {
        return tradesSent.getCount();
    }

    /** Captured frames that went to nobody. */
    public long framesMissed() {
        return framesMissed.getCount();
    }

    /** Connections that have shaken hands. */
    public long connectionsOpened() {
        return connectionsOpened.getCount();
    }

    /** Requests answered with an HTTP error. */
    public long connectionsRefused() {
        return connectionsRefused.getCount();
    }

    /** Times that playing waited for a client to read. */
    public long backPressureWaits() {
        return backPressureWaits.getCount();
    }

    /** The most sockets that were open at once with one key. */
    public int mostSocketsPerKey() {
        return mostSocketsPerKey;
    }
}
