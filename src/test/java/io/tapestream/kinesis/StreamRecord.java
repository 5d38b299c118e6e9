package io.tapestream.kinesis;

import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * A record as an endpoint received it: a user record of its own, or several in one by the KPL's aggregation format. And
 * a user record, which has the same three parts.
 *
 * @param partitionKey its partition key
 * @param explicitHashKey its explicit hash key, or empty
 * @param payload its bytes
 */
@SuppressWarnings("ArrayRecordComponent") // nobody compares two
public record StreamRecord(String partitionKey, String explicitHashKey, byte[] payload) {
    /** Whether it carries several user records. */
    public boolean isAggregated() {
        return AggregatedRecord.isOne(payload);
    }

    /** The texts of its user records. */
    public List<String> userRecords() {
        return split().stream().map(StreamRecord::text).toList();
    }

    /** Its user records: itself, if it is one. */
    List<StreamRecord> split() {
        return isAggregated() ? AggregatedRecord.decode(payload) : List.of(this);
    }

    private String text() {
        return new String(payload, StandardCharsets.UTF_8);
    }

    /** All three parts, for comparing; the payload as text. */
    @Override
    public String toString() {
        return "partitionKey=" + partitionKey + " explicitHashKey=" + explicitHashKey + " payload=" + text();
    }
}
