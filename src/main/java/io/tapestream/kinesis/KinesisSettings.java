package io.tapestream.kinesis;

import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Settings of the stream and its producer; what each means is in {@code reference.conf}, section {@code kinesis}.
 *
 * @param stream name of the stream
 * @param region AWS region
 * @param endpoint https endpoint instead of AWS's own; null for AWS's own
 * @param caFile PEM file of the authorities that the endpoint's certificate is checked against; null for the usual ones
 * @param verifyCertificate false only for a local emulator
 * @param maxOutstandingBytes bound of what is put and not acknowledged, bytes
 * @param maxOutstandingRecords likewise, in user records
 * @param maxAheadBytes bound of the distance from checkpoint to reader, journal bytes
 * @param bufferedTime how long the KPL may wait for company for a record
 * @param retryBackoffMin first wait before a failed record is put again
 * @param retryBackoffMax longest such wait
 * @param stallTimeout no result for this long while records are outstanding: the producer is rebuilt
 * @param tempDirectory where the KPL unpacks its daemon
 */
public record KinesisSettings(
        String stream,
        String region,
        @Nullable URI endpoint,
        @Nullable Path caFile,
        boolean verifyCertificate,
        long maxOutstandingBytes,
        int maxOutstandingRecords,
        long maxAheadBytes,
        Duration bufferedTime,
        Duration retryBackoffMin,
        Duration retryBackoffMax,
        Duration stallTimeout,
        Path tempDirectory) {}
