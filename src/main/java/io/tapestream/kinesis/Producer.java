package io.tapestream.kinesis;

import com.google.common.util.concurrent.ListenableFuture;
import java.nio.ByteBuffer;
import software.amazon.kinesis.producer.UserRecordResult;

/**
 * What the putter needs of the KPL: takes a user record's bytes and answers through a future.
 *
 * <p>A future fails with {@link software.amazon.kinesis.producer.UserRecordFailedException} where the stream did not
 * take the record, and with anything else where the producer itself was lost.
 */
public interface Producer extends AutoCloseable {
    /**
     * Takes a copy of the payload, whose position moves to its limit.
     *
     * @throws IllegalArgumentException the record can never be put
     * @throws RuntimeException the producer cannot take a record now
     */
    ListenableFuture<UserRecordResult> addUserRecord(
            String stream, String partitionKey, String explicitHashKey, ByteBuffer payload);

    /** Asks for what is buffered to be put now; does not wait. */
    void flush();

    /** Ends the producer within a few seconds; futures that are not done fail, or are never done. */
    @Override
    void close();
}
