package io.tapestream.replay;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.tapestream.journal.EntryType;
import io.tapestream.journal.Journal;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.SplittableRandom;
import java.util.TreeSet;

/**
 * Writes captured trades into a journal as one session of a given length and rate: a market can play it, and an
 * ingester can catch up with it.
 *
 * <p>Each frame's receive time is when it is due, and so, if there is a rate, is the time of its trades. No frame
 * repeats an earlier one: where it would, its trades come a millisecond later, or it is left out. So each trade is one
 * to be stored, and their number is known. Which symbol a trade falls on is decided by a fixed seed: the same settings
 * make the same load.
 */
public final class Load {
    private static final long SEED = 0x7a9e;
    private static final int LEAD_IN_FRAME_MILLIS = 250;
    private static final double MILLIS_PER_SECOND = 1000;

    private final LoadSettings settings;
    private final String feed;
    private final Journal journal;
    private final long startMillis;
    private final List<LoadFrame> captured = new ArrayList<>();
    private final SplittableRandom random = new SplittableRandom(SEED);
    private final Set<ByteBuffer> framesOfMillis = new HashSet<>();
    private final SortedSet<String> symbols = new TreeSet<>();
    private long tradedAtMillis;
    private int next;
    private long frames;
    private long trades;
    private long bytes;

    /**
     * What was written.
     *
     * @param trades how many trades
     * @param frames how many frames
     * @param bytes length of all frames
     * @param startMillis receive time of the first frame, epoch milliseconds
     * @param symbols every symbol that a trade has
     */
    public record Written(long trades, long frames, long bytes, long startMillis, SortedSet<String> symbols) {}

    private Load(LoadSettings settings, String feed, Journal journal, long startMillis) {
        this.settings = settings;
        this.feed = feed;
        this.journal = journal;
        this.startMillis = startMillis;
        Captures captures = Captures.of(settings.captures());
        for (int i = 0; i < captures.count(); i++) {
            read(captures, i);
        }
        if (captured.isEmpty()) {
            throw new IllegalArgumentException("captures hold no frame of trades: captures=" + settings.captures());
        }
    }

    private void read(Captures captures, int index) {
        try (CaptureReader reader = captures.open(index)) {
            while (reader.next()) {
                LoadFrame frame = new LoadFrame(reader.frame());
                if (frame.tradeCount() > 0) {
                    captured.add(frame);
                }
            }
        }
    }

    /**
     * Writes a load.
     *
     * @param feed name of the feed, for the session's opening entry
     * @param journal open for writing, with nothing in it; what it cannot take (a full disk) is thrown by its methods
     * @param startMillis when the load begins, epoch milliseconds
     * @throws IllegalArgumentException the captures hold no trade
     */
    public static Written write(LoadSettings settings, String feed, Journal journal, long startMillis) {
        return new Load(settings, feed, journal, startMillis).write();
    }

    private Written write() {
        journal.appender().openSession(false, sessionSettings(), startMillis);
        long leadInMillis = settings.leadIn().toMillis();
        for (long millis = 0; millis < leadInMillis; millis += LEAD_IN_FRAME_MILLIS) {
            append(startMillis + millis);
        }
        long inLeadIn = trades;
        while (trades - inLeadIn < settings.trades()) {
            append(startMillis + leadInMillis + dueMillis(trades - inLeadIn));
        }
        byte[] reason = "load ended".getBytes(StandardCharsets.US_ASCII);
        journal.appender().append(EntryType.SESSION_CLOSED, ByteBuffer.wrap(reason), tradedAtMillis);
        return new Written(trades, frames, bytes, startMillis, symbols);
    }

    private long dueMillis(long earlierTrades) {
        return settings.rate() == 0 ? 0 : (long) (earlierTrades * MILLIS_PER_SECOND / settings.rate());
    }

    /** Appends the next captured frame that is not a repetition, due at a time. */
    private void append(long dueMillis) {
        LoadFrame frame;
        do {
            advanceTo(dueMillis);
            frame = captured.get(next++);
            frame.write(tradedAtMillis, this::symbolNumber, symbols);
        } while (!framesOfMillis.add(copy(frame.payload())));
        if (!journal.appender().append(EntryType.FRAME, frame.payload(), dueMillis)) {
            journal.maintain(0, /* force= */ false);
        }
        frames++;
        trades += frame.tradeCount();
        bytes += frame.payload().remaining();
    }

    /** Each round through the captures has times of its own. */
    private void advanceTo(long dueMillis) {
        long earliest = tradedAtMillis;
        if (next == captured.size()) {
            next = 0;
            earliest++;
        }
        long millis = Math.max(dueMillis, earliest);
        if (millis != tradedAtMillis) {
            tradedAtMillis = millis;
            framesOfMillis.clear();
        }
    }

    private int symbolNumber() {
        return settings.symbols() == 0 ? -1 : random.nextInt(settings.symbols());
    }

    private static ByteBuffer copy(ByteBuffer payload) {
        return ByteBuffer.allocate(payload.remaining()).put(payload).flip();
    }

    private byte[] sessionSettings() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("feed", feed);
        json.put("redelivered_frames", "drop");
        json.put("symbols", List.of());
        try {
            return new ObjectMapper().writeValueAsBytes(json);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("texts and lists are always JSON", e);
        }
    }
}
