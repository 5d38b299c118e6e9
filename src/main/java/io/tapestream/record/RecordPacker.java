package io.tapestream.record;

import com.codahale.metrics.MetricRegistry;
import io.tapestream.frame.Frame;
import io.tapestream.frame.FrameWalker;
import org.jspecify.annotations.Nullable;

/**
 * Turns frames into packed user records: identity, validation, encoding, buckets. Confined to the publisher thread.
 *
 * <p>Frames come in the order of the journal, from the start of the second segment before the position that is
 * published from: those below it through {@link #warmUp}, the others through {@link #onFrame}. With each comes its
 * segment and the one before that in the journal, which may hold no frame: the window of an identity is counted in
 * segments. Whatever a message holds, it is counted and read past; nothing is thrown.
 */
public final class RecordPacker {
    /** As much as may be outstanding by default; see {@link BufferPool}. */
    private static final long MAX_IDLE_BYTES = 32L << 20;

    private final UserRecordHandler handler;
    private final RecordMetrics metrics;
    private final int maxBytes;
    private final FrameWalker walker = new FrameWalker();
    private final Xxh3 hash = new Xxh3();
    private final IdentityWindow window = new IdentityWindow();
    private final TradeKey key;
    private final TradeLine line;
    private final Buckets buckets;
    private final BufferPool pool;
    private final @Nullable UserRecord[] packs;
    private long lastPosition = -1;
    private volatile long tradesReceivedAtMillis;

    /** Metrics are those of docs/RECORDS.md, section 6. */
    public RecordPacker(RecordSettings settings, UserRecordHandler handler, MetricRegistry registry) {
        this.handler = handler;
        this.metrics = new RecordMetrics(registry);
        this.maxBytes = settings.maxBytes();
        this.key = new TradeKey(settings.feed());
        this.line = new TradeLine(settings.feed(), new VenueTable(settings.venues()));
        this.buckets = new Buckets(settings.buckets());
        this.pool = new BufferPool(settings.maxBytes() + Words.ROOM, MAX_IDLE_BYTES, metrics.buffersDropped);
        this.packs = new UserRecord[settings.buckets()];
    }

    /**
     * Takes a frame below the position that is published from, for identity only: nothing is packed and nothing
     * counted.
     *
     * @param previousSegment base position of the segment before the frame's own, -1 if it is not known
     * @param segment base position of the frame's segment
     * @param position the frame's position
     */
    public void warmUp(Frame frame, long previousSegment, long segment, long position) {
        enter(frame, previousSegment, segment, position);
        if (walk(frame) != FrameWalker.Kind.TRADES) {
            return;
        }
        boolean redelivered = isRedelivered(frame);
        if (redelivered && !frame.keepsRedelivered()) {
            return;
        }
        for (int i = 0; i < walker.tradeCount(); i++) {
            if (read(frame, i) == null) {
                identify();
            }
        }
    }

    /**
     * Takes the next frame of the journal; hands out each pack that it fills.
     *
     * @param previousSegment base position of the segment before the frame's own, -1 if it is not known
     * @param segment base position of the frame's segment
     * @param position the frame's position
     */
    public void onFrame(Frame frame, long previousSegment, long segment, long position) {
        enter(frame, previousSegment, segment, position);
        switch (walk(frame)) {
            case TRADES -> onTrades(frame, position);
            case PING -> metrics.countMessage("ping");
            case ERROR -> metrics.countMessage("error");
            case OTHER -> metrics.countMessage(walker.typeName());
            case BROKEN -> metrics.countBroken(position, frame.length());
        }
    }

    /** When the last trades were received that were read, epoch milliseconds; 0 if none were. Any thread. */
    public long tradesReceivedAtMillis() {
        return tradesReceivedAtMillis;
    }

    private void enter(Frame frame, long previousSegment, long segment, long position) {
        if (position <= lastPosition) {
            throw new IllegalArgumentException("frame read out of order: position=" + position + " last=" + lastPosition
                    + " (expected: ascending, as in the journal)");
        }
        lastPosition = position;
        window.onSegment(previousSegment, segment);
        window.onSession(frame.session());
    }

    private FrameWalker.Kind walk(Frame frame) {
        return walker.walk(frame.buffer(), frame.offset(), frame.length());
    }

    private void onTrades(Frame frame, long position) {
        int count = walker.tradeCount();
        metrics.tradesReceived.inc(count);
        if (count > 0) {
            tradesReceivedAtMillis = frame.receivedAtMillis();
        }
        if (isRedelivered(frame)) {
            metrics.redeliveredFrames.inc();
            if (!frame.keepsRedelivered()) {
                metrics.redeliveredTrades.inc(count);
                return;
            }
        }
        int published = 0;
        int quotes = 0;
        for (int i = 0; i < count; i++) {
            Rejection rejection = read(frame, i);
            if (rejection == null) {
                publish(frame.receivedAtMillis());
                published++;
                quotes += key.isQuote() ? 1 : 0;
            } else {
                metrics.countRejected(rejection, position, i);
            }
        }
        metrics.tradesPublished.inc(published);
        metrics.quotesReceived.inc(quotes);
    }

    /** Notes the frame and tells whether it was delivered before. */
    private boolean isRedelivered(Frame frame) {
        if (walker.tradeCount() == 0) {
            return false;
        }
        hash.hash(walker.bytes(), 0, frame.length());
        return window.addFrame(hash.high(), hash.low());
    }

    /** Reads one trade into the key and measures its line. */
    private @Nullable Rejection read(Frame frame, int index) {
        Rejection rejection = key.read(walker.bytes(), walker.trade(index));
        if (rejection == null && line.measure(key, frame.receivedAtMillis()) > TradeLine.MAX_LENGTH) {
            return Rejection.LINE_LENGTH;
        }
        return rejection;
    }

    /** Counts the trade and leaves its id in the hash. */
    private void identify() {
        hash.hash(key.bytes(), 0, key.writeOrdinal(0));
        int ordinal = window.addTrade(hash.high(), hash.low());
        if (ordinal > 0) {
            hash.hash(key.bytes(), 0, key.writeOrdinal(ordinal));
        }
    }

    private void publish(long receivedAtMillis) {
        identify();
        int lineLength = line.measured();
        UserRecord pack = pack(buckets.of(key.bytes(), key.symbolOffset(), key.symbolLength()), lineLength);
        line.write(key, hash.high(), hash.low(), pack.room(lineLength), pack.length());
        pack.add(lineLength, receivedAtMillis);
    }

    /** The bucket's pack begun; a new one if the line would make it too long. */
    private UserRecord pack(int bucket, int lineLength) {
        UserRecord pack = packs[bucket];
        if (pack != null && pack.length() + lineLength > maxBytes) {
            handOut(bucket, pack);
            pack = null;
        }
        if (pack == null) {
            pack = new UserRecord(pool, buckets.partitionKey(bucket), buckets.explicitHashKey(bucket));
            packs[bucket] = pack;
        }
        return pack;
    }

    private void handOut(int bucket, UserRecord pack) {
        packs[bucket] = null;
        metrics.userRecords.inc();
        handler.onUserRecord(pack);
    }

    /** Hands out all packs begun. */
    public void flush() {
        for (int bucket = 0; bucket < packs.length; bucket++) {
            UserRecord pack = packs[bucket];
            if (pack != null) {
                handOut(bucket, pack);
            }
        }
    }
}
