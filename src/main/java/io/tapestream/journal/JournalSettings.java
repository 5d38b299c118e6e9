package io.tapestream.journal;

import java.nio.file.Path;
import java.time.Duration;

/**
 * Settings of the journal; what each means is in {@code reference.conf}, section {@code journal}.
 *
 * @param directory folder of the segments
 * @param environment name in the segment headers; a journal of another one is refused
 * @param feed likewise
 * @param stream likewise
 * @param segmentLength bytes, a multiple of 4096
 * @param maxEntryLength longest payload that {@link JournalAppender} takes, bytes
 * @param maxBytes bound of unacknowledged data, bytes
 * @param retainBytes how much acknowledged data is kept, bytes
 * @param retainFor how long acknowledged data is kept
 * @param syncInterval how often data is forced to disk and the checkpoint written
 */
public record JournalSettings(
        Path directory,
        String environment,
        String feed,
        String stream,
        int segmentLength,
        int maxEntryLength,
        long maxBytes,
        long retainBytes,
        Duration retainFor,
        Duration syncInterval) {}
