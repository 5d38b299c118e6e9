package io.tapestream.record;

import java.math.BigInteger;

/** Which bucket a symbol falls into, and the keys that put a bucket on its shard (docs/RECORDS.md, section 5). */
final class Buckets {
    private final Xxh3 hash = new Xxh3();
    private final String[] partitionKeys;
    private final String[] explicitHashKeys;

    Buckets(int count) {
        partitionKeys = new String[count];
        explicitHashKeys = new String[count];
        for (int bucket = 0; bucket < count; bucket++) {
            partitionKeys[bucket] = Integer.toString(bucket);
            explicitHashKeys[bucket] = BigInteger.valueOf(2L * bucket + 1)
                    .shiftLeft(127)
                    .divide(BigInteger.valueOf(count))
                    .toString();
        }
    }

    int count() {
        return partitionKeys.length;
    }

    /** The bucket of a symbol given as UTF-8. */
    int of(byte[] bytes, int symbolOffset, int symbolLength) {
        return of(hash.hash64(bytes, symbolOffset, symbolLength), partitionKeys.length);
    }

    /**
     * {@code hash * count / 2^64} with the hash taken as unsigned; the signed product's high half needs a correction.
     */
    static int of(long hash, int count) {
        return (int) (Math.multiplyHigh(hash, (long) count) + (hash >> 63 & count));
    }

    String partitionKey(int bucket) {
        return partitionKeys[bucket];
    }

    String explicitHashKey(int bucket) {
        return explicitHashKeys[bucket];
    }
}
