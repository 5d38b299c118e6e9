package io.tapestream.table;

import java.net.URI;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Settings of the table; what each means is in {@code reference.conf}, sections {@code table} and {@code kinesis}.
 *
 * @param name name of the table
 * @param region AWS region
 * @param endpoint endpoint instead of AWS's own; null for AWS's own
 * @param caFile PEM file of the authorities that the endpoint's certificate is checked against; null for the usual ones
 * @param verifyCertificate false only for a local emulator
 * @param scanMaxIds most ids that a scan is compared with
 */
public record TableSettings(
        String name,
        String region,
        @Nullable URI endpoint,
        @Nullable Path caFile,
        boolean verifyCertificate,
        int scanMaxIds) {}
