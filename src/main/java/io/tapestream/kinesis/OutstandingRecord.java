package io.tapestream.kinesis;

import io.tapestream.record.UserRecord;
import org.jspecify.annotations.Nullable;

/** A user record that was put and is not acknowledged, and how far it has come. Confined to the publisher thread. */
final class OutstandingRecord {
    final UserRecord userRecord;
    final Batches.Batch batch;

    /** The put whose failure counts; null while the record waits to be put. */
    @Nullable Put put;

    /** Failures so far, and when the record is to be put again after the last. */
    int failures;

    long dueNanos;
    boolean wasPut;
    boolean isAcknowledged;

    OutstandingRecord(UserRecord userRecord, Batches.Batch batch) {
        this.userRecord = userRecord;
        this.batch = batch;
    }
}
