/**
 * Tapestream: takes the trades of a WebSocket market feed and lands every one, once, in a Kinesis stream.
 *
 * <p>This package joins the stages: settings, start and stop order, threads, commands. It is the only one that makes
 * clocks, threads and executors.
 */
@NullMarked
package io.tapestream;

import org.jspecify.annotations.NullMarked;
