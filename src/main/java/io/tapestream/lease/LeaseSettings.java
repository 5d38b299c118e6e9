package io.tapestream.lease;

import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Settings of the lease; what each means is in {@code reference.conf}, sections {@code lease}, {@code table} and
 * {@code kinesis}.
 *
 * @param table name of the table of leases
 * @param region AWS region
 * @param endpoint endpoint instead of AWS's own; null for AWS's own
 * @param caFile PEM file of the authorities that the endpoint's certificate is checked against; null for the usual ones
 * @param verifyCertificate false only for a local emulator
 * @param duration how long after its last renewal nobody else may have the lease
 * @param tryInterval how often a holder renews it, and whoever stands by tries to take it
 * @param margin how long before its end the holder closes its socket
 */
public record LeaseSettings(
        String table,
        String region,
        @Nullable URI endpoint,
        @Nullable Path caFile,
        boolean verifyCertificate,
        Duration duration,
        Duration tryInterval,
        Duration margin) {}
