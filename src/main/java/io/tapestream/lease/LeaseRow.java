package io.tapestream.lease;

import java.time.Duration;

/**
 * What the table says of a lease that somebody has.
 *
 * @param holder who has it
 * @param sinceMillis when it was taken, by the holder's clock: for people
 * @param version counts the writes: whoever sees the same one again knows that nothing was renewed meanwhile
 * @param duration how long after its last renewal nobody else may have it
 */
record LeaseRow(Holder holder, long sinceMillis, long version, Duration duration) {}
