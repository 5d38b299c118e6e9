package io.tapestream.record;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What {@link RecordPacker} does, on a JSON library: the same lines, packed into the same buckets up to the same
 * length. It leaves out what costs it nothing to leave out: rejections, escapes that the library does by itself.
 */
abstract class BaselineLines {
    static final int BUCKETS = 32;
    static final int MAX_BYTES = 16 << 10;

    private final BaselineIdentity identity = new BaselineIdentity(BUCKETS);
    private final ByteArrayOutputStream[] packs = new ByteArrayOutputStream[BUCKETS];
    private final Map<String, String> venues;
    private final Consumer<byte[]> packTaker;

    BaselineLines(Map<String, String> venues, Consumer<byte[]> packTaker) {
        this.venues = venues;
        this.packTaker = packTaker;
        for (int i = 0; i < BUCKETS; i++) {
            packs[i] = new ByteArrayOutputStream(MAX_BYTES);
        }
    }

    /** What a parser made of one trade. */
    record ParsedTrade(
            String s,
            BigDecimal p,
            BigDecimal v,
            long t,
            @Nullable List<String> c) {
        List<String> conditions() {
            return c == null ? List.of() : c;
        }
    }

    /** A trade with all that its line tells. */
    record Line(
            String tradeId,
            ParsedTrade trade,
            String assetClass,
            BigDecimal price,
            BigDecimal volume,
            long receivedAtMillis) {}

    abstract List<ParsedTrade> parse(byte[] frame) throws IOException;

    abstract byte[] encode(Line line) throws IOException;

    void beginSession() {
        identity.beginSession();
    }

    /** Takes one frame; packs that are full are handed on. */
    void frame(byte[] frame, long receivedAtMillis) throws IOException {
        List<ParsedTrade> trades = parse(frame);
        if (trades.isEmpty() || identity.isRedelivered(frame)) {
            return;
        }
        for (ParsedTrade trade : trades) {
            byte[] line = encode(line(trade, receivedAtMillis));
            ByteArrayOutputStream pack = packs[identity.bucket(trade.s())];
            if (pack.size() + line.length > MAX_BYTES) {
                handOut(pack);
            }
            pack.write(line, 0, line.length);
        }
    }

    private Line line(ParsedTrade trade, long receivedAtMillis) {
        BigDecimal price = canonical(trade.p());
        BigDecimal volume = canonical(trade.v());
        String tradeId = identity.tradeId(
                trade.s(), trade.t(), price.toPlainString(), volume.toPlainString(), trade.conditions());
        return new Line(tradeId, trade, assetClass(trade.s()), price, volume, receivedAtMillis);
    }

    private static BigDecimal canonical(BigDecimal number) {
        return number.stripTrailingZeros();
    }

    private String assetClass(String symbol) {
        int colon = symbol.indexOf(':');
        return colon < 0 ? "stock" : venues.getOrDefault(symbol.substring(0, colon), "other");
    }

    void flush() {
        for (ByteArrayOutputStream pack : packs) {
            if (pack.size() > 0) {
                handOut(pack);
            }
        }
    }

    private void handOut(ByteArrayOutputStream pack) {
        packTaker.accept(pack.toByteArray());
        pack.reset();
    }
}
