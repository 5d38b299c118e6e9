package io.tapestream.bench;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.BitSet;
import java.util.concurrent.atomic.AtomicLong;

/** Writes answers as Kinesis words them, in JSON or CBOR. Any thread. */
final class Answers {
    private static final String THROTTLED = "ProvisionedThroughputExceededException";
    private static final String THROTTLED_TEXT = "Rate exceeded for shard";

    private static final int TEXT = 3 << 5;
    private static final int ARRAY = 4 << 5;
    private static final int MAP = 5 << 5;

    private final AtomicLong sequenceNumber = new AtomicLong();

    /** The answer to PutRecords: each record's shard, and whether it was refused. */
    void putRecords(int[] shards, BitSet refused, boolean isCbor, ByteBuf out) {
        if (isCbor) {
            head(MAP, 2, out);
            text("FailedRecordCount", out);
            head(0, refused.cardinality(), out);
            text("Records", out);
            head(ARRAY, shards.length, out);
        } else {
            ascii("{\"FailedRecordCount\":" + refused.cardinality() + ",\"Records\":[", out);
        }
        for (int i = 0; i < shards.length; i++) {
            if (i > 0 && !isCbor) {
                out.writeByte(',');
            }
            if (refused.get(i)) {
                object("ErrorCode", THROTTLED, "ErrorMessage", THROTTLED_TEXT, isCbor, out);
            } else {
                putRecord(shards[i], isCbor, out);
            }
        }
        if (!isCbor) {
            ascii("]}", out);
        }
    }

    /** The answer to PutRecord. */
    void putRecord(int shard, boolean isCbor, ByteBuf out) {
        String number = Long.toString(sequenceNumber.incrementAndGet());
        object("SequenceNumber", number, "ShardId", Shards.name(shard), isCbor, out);
    }

    /** The error that a shard at its limit gives. */
    static void throttled(boolean isCbor, ByteBuf out) {
        error(THROTTLED, THROTTLED_TEXT, isCbor, out);
    }

    /** An error. */
    static void error(String code, String message, boolean isCbor, ByteBuf out) {
        object("__type", code, "message", message, isCbor, out);
    }

    /** The answer to DescribeStreamSummary, in JSON. */
    static void summary(String stream, int shards, ByteBuf out) {
        ascii(
                "{\"StreamDescriptionSummary\":{\"StreamName\":\"" + stream + "\",\"StreamStatus\":\"ACTIVE\","
                        + "\"StreamARN\":\"arn:aws:kinesis:us-east-1:123456789012:stream/" + stream + "\","
                        + "\"StreamModeDetails\":{\"StreamMode\":\"PROVISIONED\"},\"RetentionPeriodHours\":24,"
                        + "\"StreamCreationTimestamp\":1.6e9,\"OpenShardCount\":" + shards
                        + ",\"EnhancedMonitoring\":[]}}",
                out);
    }

    /** The answer to ListShards, in JSON. */
    static void shards(Shards shards, ByteBuf out) {
        ascii("{\"Shards\":[", out);
        for (int i = 0; i < shards.count(); i++) {
            ascii(
                    (i == 0 ? "" : ",") + "{\"ShardId\":\"" + Shards.name(i)
                            + "\",\"HashKeyRange\":{\"StartingHashKey\":\"" + shards.start(i)
                            + "\",\"EndingHashKey\":\"" + shards.end(i)
                            + "\"},\"SequenceNumberRange\":{\"StartingSequenceNumber\":\"1\"}}",
                    out);
        }
        ascii("]}", out);
    }

    /** Two texts. */
    private static void object(
            String firstName, String first, String secondName, String second, boolean isCbor, ByteBuf out) {
        if (isCbor) {
            head(MAP, 2, out);
            text(firstName, out);
            text(first, out);
            text(secondName, out);
            text(second, out);
        } else {
            ascii("{\"" + firstName + "\":\"" + first + "\",\"" + secondName + "\":\"" + second + "\"}", out);
        }
    }

    private static void text(String text, ByteBuf out) {
        head(TEXT, text.length(), out);
        ascii(text, out);
    }

    private static void head(int major, int argument, ByteBuf out) {
        if (argument < 24) {
            out.writeByte(major | argument);
        } else {
            out.writeByte(major | 26).writeInt(argument);
        }
    }

    private static void ascii(String text, ByteBuf out) {
        out.writeCharSequence(text, StandardCharsets.US_ASCII);
    }
}
