package io.tapestream.kinesis;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;

/**
 * The KPL's aggregation format: a magic number, a protobuf message (a table of partition keys, one of explicit hash
 * keys, and the user records with their places in both), and the message's MD5.
 */
final class AggregatedRecord {
    private static final byte[] MAGIC = {(byte) 0xF3, (byte) 0x89, (byte) 0x9A, (byte) 0xC2};
    private static final int DIGEST_LENGTH = 16;

    // Fields of the message, the last repeated for each user record, which has fields of the same numbers.
    private static final int PARTITION_KEY = 1;
    private static final int EXPLICIT_HASH_KEY = 2;
    private static final int RECORD = 3;
    private static final int DATA = 3;

    // What a field is: the low bits of its tag.
    private static final int VARINT = 0;
    private static final int BYTES = 2;

    private AggregatedRecord() {}

    static boolean isOne(byte[] payload) {
        return payload.length > MAGIC.length + DIGEST_LENGTH
                && Arrays.equals(MAGIC, Arrays.copyOf(payload, MAGIC.length));
    }

    /** Its user records, in order; refuses damage. */
    static List<StreamRecord> decode(byte[] payload) {
        byte[] message = Arrays.copyOfRange(payload, MAGIC.length, payload.length - DIGEST_LENGTH);
        byte[] digest = Arrays.copyOfRange(payload, payload.length - DIGEST_LENGTH, payload.length);
        if (!Arrays.equals(md5(message), digest)) {
            throw new IllegalStateException("aggregated record damaged: length=" + payload.length);
        }
        List<String> partitionKeys = new ArrayList<>();
        List<String> explicitHashKeys = new ArrayList<>();
        List<StreamRecord> userRecords = new ArrayList<>();
        ByteBuffer rest = ByteBuffer.wrap(message);
        while (rest.hasRemaining()) {
            int field = (int) varint(rest) >>> 3;
            ByteBuffer value = bytes(rest);
            switch (field) {
                case PARTITION_KEY -> partitionKeys.add(text(value));
                case EXPLICIT_HASH_KEY -> explicitHashKeys.add(text(value));
                case RECORD -> userRecords.add(userRecord(value, partitionKeys, explicitHashKeys));
                default -> throw new IllegalStateException("field of an aggregated record not known: field=" + field);
            }
        }
        return userRecords;
    }

    private static StreamRecord userRecord(
            ByteBuffer message, List<String> partitionKeys, List<String> explicitHashKeys) {
        String partitionKey = "";
        String explicitHashKey = "";
        byte[] data = {};
        while (message.hasRemaining()) {
            int field = (int) varint(message) >>> 3;
            switch (field) {
                case PARTITION_KEY -> partitionKey = partitionKeys.get((int) varint(message));
                case EXPLICIT_HASH_KEY -> explicitHashKey = explicitHashKeys.get((int) varint(message));
                case DATA -> {
                    ByteBuffer value = bytes(message);
                    data = new byte[value.remaining()];
                    value.get(data);
                }
                default -> throw new IllegalStateException("field of a user record not known: field=" + field);
            }
        }
        return new StreamRecord(partitionKey, explicitHashKey, data);
    }

    /** The payload that carries the user records. */
    static byte[] encode(List<StreamRecord> userRecords) {
        List<String> partitionKeys = distinct(userRecords, StreamRecord::partitionKey);
        List<String> explicitHashKeys = distinct(userRecords, StreamRecord::explicitHashKey);
        ByteArrayOutputStream message = new ByteArrayOutputStream();
        partitionKeys.forEach(key -> write(message, PARTITION_KEY, key.getBytes(StandardCharsets.UTF_8)));
        explicitHashKeys.forEach(key -> write(message, EXPLICIT_HASH_KEY, key.getBytes(StandardCharsets.UTF_8)));
        for (StreamRecord userRecord : userRecords) {
            ByteArrayOutputStream inner = new ByteArrayOutputStream();
            write(inner, PARTITION_KEY, partitionKeys.indexOf(userRecord.partitionKey()));
            write(inner, EXPLICIT_HASH_KEY, explicitHashKeys.indexOf(userRecord.explicitHashKey()));
            write(inner, DATA, userRecord.payload());
            write(message, RECORD, inner.toByteArray());
        }
        ByteArrayOutputStream payload = new ByteArrayOutputStream();
        payload.writeBytes(MAGIC);
        payload.writeBytes(message.toByteArray());
        payload.writeBytes(md5(message.toByteArray()));
        return payload.toByteArray();
    }

    private static List<String> distinct(List<StreamRecord> userRecords, Function<StreamRecord, String> key) {
        Set<String> keys = new LinkedHashSet<>();
        userRecords.forEach(userRecord -> keys.add(key.apply(userRecord)));
        return List.copyOf(keys);
    }

    private static void write(ByteArrayOutputStream out, int field, byte[] value) {
        varint(out, field << 3 | BYTES);
        varint(out, value.length);
        out.writeBytes(value);
    }

    private static void write(ByteArrayOutputStream out, int field, int value) {
        varint(out, field << 3 | VARINT);
        varint(out, value);
    }

    private static void varint(ByteArrayOutputStream out, int value) {
        int rest = value;
        while (rest > 0x7F) {
            out.write((rest & 0x7F) | 0x80);
            rest >>>= 7;
        }
        out.write(rest);
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

    private static String text(ByteBuffer bytes) {
        return StandardCharsets.UTF_8.decode(bytes).toString();
    }

    private static byte[] md5(byte[] bytes) {
        try {
            return MessageDigest.getInstance("MD5").digest(bytes);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
