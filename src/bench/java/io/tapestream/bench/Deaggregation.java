package io.tapestream.bench;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.function.Consumer;

/**
 * Takes stream records apart into user records: the KPL's aggregation format is a magic number, a protobuf message and
 * its MD5. Damage is an error: what cannot be read would count as lost.
 */
final class Deaggregation {
    private static final int MAGIC = 0xF3899AC2;
    private static final int DIGEST_LENGTH = 16;
    private static final int RECORD = 3;
    private static final int DATA = 3;
    private static final int VARINT = 0;

    private final MessageDigest md5;

    Deaggregation() {
        try {
            md5 = MessageDigest.getInstance("MD5");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Whether a stream record carries user records in one. */
    static boolean isAggregated(ByteBuffer payload) {
        return payload.remaining() > Integer.BYTES + DIGEST_LENGTH && payload.getInt(payload.position()) == MAGIC;
    }

    /**
     * Gives each user record's payload to the consumer; itself, if it is one. Returns how many.
     *
     * @throws IllegalArgumentException the record is damaged
     */
    int split(ByteBuffer payload, Consumer<ByteBuffer> userRecords) {
        if (!isAggregated(payload)) {
            userRecords.accept(payload.slice());
            return 1;
        }
        ByteBuffer message =
                payload.slice(payload.position() + Integer.BYTES, payload.remaining() - Integer.BYTES - DIGEST_LENGTH);
        md5.reset();
        md5.update(message.duplicate());
        ByteBuffer digest = payload.slice(payload.limit() - DIGEST_LENGTH, DIGEST_LENGTH);
        if (!digest.equals(ByteBuffer.wrap(md5.digest()))) {
            throw new IllegalArgumentException("aggregated record damaged: length=" + payload.remaining());
        }
        int count = 0;
        while (message.hasRemaining()) {
            int field = (int) varint(message) >>> 3;
            ByteBuffer value = bytes(message);
            if (field == RECORD) {
                userRecords.accept(data(value));
                count++;
            }
        }
        return count;
    }

    private static ByteBuffer data(ByteBuffer userRecord) {
        ByteBuffer data = null;
        while (userRecord.hasRemaining()) {
            int tag = (int) varint(userRecord);
            if ((tag & 7) == VARINT) {
                varint(userRecord);
            } else {
                ByteBuffer value = bytes(userRecord);
                data = tag >>> 3 == DATA ? value : data;
            }
        }
        if (data == null) {
            throw new IllegalArgumentException("user record without data in an aggregated record");
        }
        return data;
    }

    private static long varint(ByteBuffer message) {
        long value = 0;
        int shift = 0;
        byte next;
        do {
            next = message.get();
            value |= (next & 0x7FL) << shift;
            shift += 7;
        } while (next < 0);
        return value;
    }

    private static ByteBuffer bytes(ByteBuffer message) {
        int length = Math.toIntExact(varint(message));
        ByteBuffer value = message.slice(message.position(), length);
        message.position(message.position() + length);
        return value;
    }
}
