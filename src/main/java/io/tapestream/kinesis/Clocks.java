package io.tapestream.kinesis;

import java.time.InstantSource;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;

/**
 * The clocks and the chance that waits depend on.
 *
 * @param wall time of day, for latencies
 * @param nanos monotonic nanoseconds, for waits
 * @param random chance, for the jitter of waits
 */
public record Clocks(InstantSource wall, LongSupplier nanos, RandomGenerator random) {}
