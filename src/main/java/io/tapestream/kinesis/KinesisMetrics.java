package io.tapestream.kinesis;

import com.codahale.metrics.Counter;
import com.codahale.metrics.MetricRegistry;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import software.amazon.kinesis.producer.Attempt;

/** The metrics of this package; written by the publisher thread, read by any. */
final class KinesisMetrics {
    private static final String WRONG_SHARD = "Wrong Shard";

    /** Error codes that have a metric of their own; all others share one, so that an endpoint cannot make metrics. */
    private static final Map<String, String> METRIC_BY_ERROR_CODE = Map.of(
            "ProvisionedThroughputExceededException",
            "throttled",
            "Expired",
            "expired",
            WRONG_SHARD,
            "wrong-shard",
            "InternalFailure",
            "internal-failure",
            "ResourceNotFoundException",
            "not-found",
            "AccessDeniedException",
            "access-denied",
            "ExpiredTokenException",
            "expired-token");

    final Counter put;
    final Counter acknowledged;
    final Counter acknowledgedTrades;
    final Counter retries;
    final Counter roomWaits;
    final Counter refusals;
    final Counter stalls;
    final Counter overdue;
    final Counter primings;
    final Counter producerBuilds;
    final Counter failedBuilds;
    final Counter producersGivenUp;
    final Counter daemonLosses;
    final Latencies latencies;

    /** From the receipt of its oldest trade to the first time that the producer took a record, microseconds. */
    final Latencies handOver;

    final AtomicLong outstandingBytes = new AtomicLong();
    final AtomicInteger outstandingRecords = new AtomicInteger();
    private final MetricRegistry registry;
    private final Counter otherErrors;

    KinesisMetrics(MetricRegistry registry) {
        this.registry = registry;
        put = registry.counter("kinesis.put");
        acknowledged = registry.counter("kinesis.acknowledged");
        acknowledgedTrades = registry.counter("kinesis.acknowledged-trades");
        retries = registry.counter("kinesis.retries");
        roomWaits = registry.counter("kinesis.room-waits");
        refusals = registry.counter("kinesis.refusals");
        stalls = registry.counter("kinesis.stalls");
        primings = registry.counter("kinesis.primings");
        overdue = registry.counter("kinesis.overdue");
        producerBuilds = registry.counter("kinesis.producer-builds");
        failedBuilds = registry.counter("kinesis.failed-producer-builds");
        producersGivenUp = registry.counter("kinesis.producers-given-up");
        daemonLosses = registry.counter("kinesis.daemon-losses");
        otherErrors = registry.counter("kinesis.other-errors");
        METRIC_BY_ERROR_CODE.values().forEach(name -> registry.counter("kinesis." + name));
        latencies = registry.register("kinesis.latency", new Latencies());
        handOver = registry.register("kinesis.hand-over-micros", new Latencies());
        registry.registerGauge("kinesis.outstanding-bytes", outstandingBytes::get);
        registry.registerGauge("kinesis.outstanding-records", outstandingRecords::get);
    }

    /**
     * Counts the attempts that failed, which a record that was acknowledged in the end may have too; returns whether
     * one went to another shard than the KPL thought.
     */
    boolean countErrors(List<Attempt> attempts) {
        boolean wrongShard = false;
        for (Attempt attempt : attempts) {
            if (!attempt.isSuccessful()) {
                errorCounter(attempt.getErrorCode()).inc();
                wrongShard |= WRONG_SHARD.equals(attempt.getErrorCode());
            }
        }
        return wrongShard;
    }

    private Counter errorCounter(@Nullable String code) {
        String name = code == null ? null : METRIC_BY_ERROR_CODE.get(code);
        return name == null ? otherErrors : registry.counter("kinesis." + name);
    }
}
