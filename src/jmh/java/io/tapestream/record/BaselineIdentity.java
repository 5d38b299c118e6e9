package io.tapestream.record;

import com.dynatrace.hash4j.hashing.HashValue128;
import com.dynatrace.hash4j.hashing.Hasher128;
import com.dynatrace.hash4j.hashing.Hasher64;
import com.dynatrace.hash4j.hashing.Hashing;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Identity and buckets of docs/RECORDS.md as they are written with a library for each part: objects, maps, texts. */
final class BaselineIdentity {
    private static final byte[] FEED = "finnhub".getBytes(StandardCharsets.UTF_8);
    private static final Base64.Encoder ID = Base64.getUrlEncoder().withoutPadding();

    private final Hasher128 hasher = Hashing.xxh3_128();
    private final Hasher64 bucketHasher = Hashing.xxh3_64();
    private final Map<HashValue128, Integer> ordinals = new HashMap<>();
    private final Map<HashValue128, Integer> frames = new HashMap<>();
    private final ByteBuffer key = ByteBuffer.allocate(3 * TradeLine.MAX_LENGTH).order(ByteOrder.LITTLE_ENDIAN);
    private final ByteBuffer id = ByteBuffer.allocate(16);
    private final int buckets;

    BaselineIdentity(int buckets) {
        this.buckets = buckets;
    }

    void beginSession() {
        ordinals.clear();
        frames.clear();
    }

    boolean isRedelivered(byte[] frame) {
        return frames.merge(hasher.hashBytesTo128Bits(frame), 1, Integer::sum) > 1;
    }

    String tradeId(String symbol, long tradedAt, String price, String volume, List<String> conditions) {
        key.clear();
        key.put((byte) 1).put((byte) FEED.length).put(FEED);
        text(symbol);
        key.putLong(tradedAt);
        number(price);
        number(volume);
        key.putShort((short) conditions.size());
        conditions.forEach(this::text);
        int ordinal = ordinals.merge(hasher.hashBytesTo128Bits(key.array(), 0, key.position()), 1, Integer::sum) - 1;
        key.putInt(ordinal);
        HashValue128 hash = hasher.hashBytesTo128Bits(key.array(), 0, key.position());
        id.clear().putLong(hash.getMostSignificantBits()).putLong(hash.getLeastSignificantBits());
        return ID.encodeToString(id.array());
    }

    private void text(String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        key.putShort((short) utf8.length).put(utf8);
    }

    private void number(String number) {
        byte[] ascii = number.getBytes(StandardCharsets.US_ASCII);
        key.put((byte) ascii.length).put(ascii);
    }

    int bucket(String symbol) {
        return Buckets.of(bucketHasher.hashBytesToLong(symbol.getBytes(StandardCharsets.UTF_8)), buckets);
    }
}
