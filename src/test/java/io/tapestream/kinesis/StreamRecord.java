package io.tapestream.kinesis;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A record as an endpoint received it: a user record of its own, or several in one by the KPL's aggregation format.
 *
 * @param partitionKey its partition key
 * @param explicitHashKey its explicit hash key, or empty
 * @param payload its bytes
 */
@SuppressWarnings("ArrayRecordComponent") // nobody compares two
public record StreamRecord(String partitionKey, String explicitHashKey, byte[] payload) {
    private static final byte[] MAGIC = {(byte) 0xF3, (byte) 0x89, (byte) 0x9A, (byte) 0xC2};
    private static final int DIGEST_LENGTH = 16;
    private static final int RECORD_FIELD = 3;
    private static final int DATA_FIELD = 3;

    /** Whether it carries several user records. */
    public boolean isAggregated() {
        return payload.length > MAGIC.length + DIGEST_LENGTH
                && Arrays.equals(MAGIC, Arrays.copyOf(payload, MAGIC.length));
    }

    /** The texts of its user records. */
    public List<String> userRecords() {
        if (!isAggregated()) {
            return List.of(new String(payload, StandardCharsets.UTF_8));
        }
        byte[] body = Arrays.copyOfRange(payload, MAGIC.length, payload.length - DIGEST_LENGTH);
        byte[] digest = Arrays.copyOfRange(payload, payload.length - DIGEST_LENGTH, payload.length);
        if (!Arrays.equals(md5(body), digest)) {
            throw new IllegalStateException("aggregated record damaged: length=" + payload.length);
        }
        List<String> texts = new ArrayList<>();
        for (ByteBuffer userRecord : fields(ByteBuffer.wrap(body), RECORD_FIELD)) {
            for (ByteBuffer text : fields(userRecord, DATA_FIELD)) {
                texts.add(StandardCharsets.UTF_8.decode(text).toString());
            }
        }
        return texts;
    }

    /** The values of a length-delimited field of a protobuf message. */
    private static List<ByteBuffer> fields(ByteBuffer message, int field) {
        List<ByteBuffer> values = new ArrayList<>();
        while (message.hasRemaining()) {
            long tag = varint(message);
            if ((tag & 7) == 0) {
                varint(message);
                continue;
            }
            int length = Math.toIntExact(varint(message));
            if (tag >>> 3 == field) {
                values.add(message.slice(message.position(), length));
            }
            message.position(message.position() + length);
        }
        return values;
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

    private static byte[] md5(byte[] bytes) {
        try {
            return MessageDigest.getInstance("MD5").digest(bytes);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
