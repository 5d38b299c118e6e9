/**
 * What a load test needs besides the program: the far end, the other designs, and who counts.
 *
 * <p>Never shipped. Each of its programs is a process of its own, so that what it costs is told apart from what the
 * ingester costs: {@code EndpointProcess} takes records as Kinesis does and writes down what came,
 * {@code BaselineProcess} publishes a load as another design would, {@code AnalysisProcess} reads afterwards what came
 * and counts it.
 */
@NullMarked
package io.tapestream.bench;

import org.jspecify.annotations.NullMarked;
