/**
 * Puts user records through the Kinesis Producer Library and turns its results into one acknowledged position.
 *
 * <p>User records come in on the publisher thread; callbacks only queue results. Outstanding records are bounded;
 * failures are put again until they succeed.
 */
@NullMarked
package io.tapestream.kinesis;

import org.jspecify.annotations.NullMarked;
