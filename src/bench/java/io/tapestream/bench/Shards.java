package io.tapestream.bench;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.function.LongSupplier;

/**
 * The shards of a stream: which one a record falls on, and how much each takes. Any thread.
 *
 * <p>A shard takes 1 MiB and 1,000 records a second; a second's worth may come at once, as with Kinesis.
 */
final class Shards {
    private static final BigInteger KEYS = BigInteger.ONE.shiftLeft(128);
    private static final double BYTES_A_SECOND = 1 << 20;
    private static final double RECORDS_A_SECOND = 1000;
    private static final double NANOS = 1e9;

    private final Shard[] shards;
    private final boolean isLimited;
    private final LongSupplier nanoTime;

    /**
     * Divides the hash range evenly.
     *
     * @param isLimited whether a shard takes no more than a real one
     */
    Shards(int count, boolean isLimited, LongSupplier nanoTime) {
        this.isLimited = isLimited;
        this.nanoTime = nanoTime;
        shards = new Shard[count];
        for (int i = 0; i < count; i++) {
            shards[i] = new Shard(nanoTime.getAsLong());
        }
    }

    private static final class Shard {
        private double bytes = BYTES_A_SECOND;
        private double records = RECORDS_A_SECOND;
        private long filledNanos;

        Shard(long nowNanos) {
            filledNanos = nowNanos;
        }

        synchronized boolean take(int length, long nowNanos) {
            double seconds = Math.max(0, nowNanos - filledNanos) / NANOS;
            filledNanos = nowNanos;
            bytes = Math.min(BYTES_A_SECOND, bytes + seconds * BYTES_A_SECOND);
            records = Math.min(RECORDS_A_SECOND, records + seconds * RECORDS_A_SECOND);
            if (bytes < length || records < 1) {
                return false;
            }
            bytes -= length;
            records--;
            return true;
        }
    }

    int count() {
        return shards.length;
    }

    /** The number of the shard that a record falls on. */
    int of(String partitionKey, String explicitHashKey) {
        BigInteger key = explicitHashKey.isEmpty() ? hash(partitionKey) : new BigInteger(explicitHashKey);
        return key.multiply(BigInteger.valueOf(shards.length)).shiftRight(128).intValueExact();
    }

    private static BigInteger hash(String partitionKey) {
        try {
            byte[] digest = MessageDigest.getInstance("MD5").digest(partitionKey.getBytes(StandardCharsets.UTF_8));
            return new BigInteger(1, digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Whether a shard takes a record of this length, partition key included. */
    boolean take(int shard, int length) {
        return !isLimited || shards[shard].take(length, nanoTime.getAsLong());
    }

    /** A shard's name. */
    static String name(int shard) {
        return String.format("shardId-%012d", shard);
    }

    /** A shard's least hash key. */
    BigInteger start(int shard) {
        // The least key of which of() gives the shard: rounded up.
        BigInteger count = BigInteger.valueOf(shards.length);
        return KEYS.multiply(BigInteger.valueOf(shard))
                .add(count)
                .subtract(BigInteger.ONE)
                .divide(count);
    }

    /** A shard's greatest hash key. */
    BigInteger end(int shard) {
        return start(shard + 1).subtract(BigInteger.ONE);
    }
}
