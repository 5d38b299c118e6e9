package io.tapestream.lease;

import org.jspecify.annotations.Nullable;

/**
 * What is known of a lease at one moment.
 *
 * @param isHeld whether it is ours
 * @param isAnswered whether the table answered when it was last asked
 * @param holder who has it, as far as is known; null for nobody
 * @param sinceMillis when they took it, by their clock
 */
public record LeaseStatus(
        boolean isHeld, boolean isAnswered, @Nullable Holder holder, long sinceMillis) {}
