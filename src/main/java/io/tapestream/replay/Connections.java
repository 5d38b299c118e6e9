package io.tapestream.replay;

import java.nio.charset.StandardCharsets;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;

/** The open connections of a market: the audience of its playback. Confined to the event loop. */
final class Connections implements Playback.Audience {
    private static final byte[] PING = "{\"type\":\"ping\"}".getBytes(StandardCharsets.UTF_8);

    private final List<MarketConnection> open = new ArrayList<>();
    private final MarketCounts counts;
    private final MarketLog log;
    private final InstantSource clock;
    private final Runnable onReady;
    private int lastNumber;

    /**
     * No connections yet.
     *
     * @param onReady run whenever a symbol was subscribed, and whenever a connection can take more or is gone
     */
    Connections(MarketCounts counts, MarketLog log, InstantSource clock, Runnable onReady) {
        this.counts = counts;
        this.log = log;
        this.clock = clock;
        this.onReady = onReady;
    }

    /** How many there are. */
    int count() {
        return open.size();
    }

    /** The number of the next connection, from 1 on. */
    int nextNumber() {
        return ++lastNumber;
    }

    /**
     * A connection has shaken hands. If there is one with its key already, both are dropped, without a close frame, as
     * the venue does.
     */
    void opened(MarketConnection connection) {
        counts.opened();
        log.opened(connection.number(), clock.millis());
        List<MarketConnection> rivals =
                open.stream().filter(other -> other.hasKeyOf(connection)).toList();
        open.add(connection);
        if (!rivals.isEmpty()) {
            rivals.forEach(rival -> rival.drop("second connection with its key"));
            connection.drop("second connection with its key");
        }
    }

    /** A connection is gone; does nothing if it was never open. */
    void closed(MarketConnection connection, String reason) {
        if (open.remove(connection)) {
            log.closed(connection.number(), clock.millis(), reason);
            onReady.run();
        }
    }

    /** Something has changed that playback may wait for. */
    void ready() {
        onReady.run();
    }

    /** Sends a text frame on one connection. */
    void send(MarketConnection connection, byte[] bytes, int length, int trades) {
        log.sent(connection.number(), clock.millis(), bytes, length);
        counts.sent(trades);
        connection.write(bytes, length);
    }

    /** Sends the text ping, unless the connection is behind in reading. */
    void ping(MarketConnection connection) {
        if (connection.isWritable()) {
            send(connection, PING, PING.length, 0);
            connection.flush();
        }
    }

    /** Ends all connections with a close frame. */
    void goAway() {
        flush();
        List.copyOf(open).forEach(MarketConnection::goAway);
    }

    @Override
    public boolean makeRoom() {
        for (MarketConnection connection : open) {
            if (connection.hasSubscribed() && !connection.isWritable()) {
                connection.flush();
            }
            if (connection.hasSubscribed() && !connection.isWritable()) {
                counts.waited();
                return false;
            }
        }
        return true;
    }

    @Override
    public boolean isEmpty() {
        for (MarketConnection connection : open) {
            if (connection.hasSubscribed()) {
                return false;
            }
        }
        return true;
    }

    @Override
    public int send(MarketFrame frame) {
        int most = -1;
        for (MarketConnection connection : open) {
            if (connection.hasSubscribed() && frame.select(connection.symbols())) {
                send(connection, frame.selection(), frame.selectionLength(), frame.selectedTrades());
                most = Math.max(most, frame.selectedTrades());
            }
        }
        if (most < 0) {
            counts.missed();
        }
        return most;
    }

    @Override
    public void flush() {
        for (MarketConnection connection : open) {
            connection.flush();
        }
    }
}
