package io.tapestream.journal;

import java.util.OptionalLong;

/**
 * A stretch in which the journal does not hold what the feed said.
 *
 * @param fromPosition position after the last entry before it
 * @param toPosition position of the first entry after it; the end of the journal where there is none yet
 * @param fromMillis time of the last entry before it
 * @param toMillis time of the first entry after it; empty where there is none yet
 * @param reason why: that of the session's closing, {@link Coverage#PROCESS_ENDED} or {@link Coverage#CORRUPT}
 * @param sessionSettings JSON of the session before it, which names its symbols; empty where that is not known
 */
public record Gap(
        long fromPosition,
        long toPosition,
        long fromMillis,
        OptionalLong toMillis,
        String reason,
        String sessionSettings) {}
