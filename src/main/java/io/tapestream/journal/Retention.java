package io.tapestream.journal;

import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Deletes acknowledged segments, oldest first, that are too many or too old; never the checkpoint's own and the two
 * before it, which identities need, and none that a reader of this process is in, nor those after that. A reader of
 * another process keeps what it has mapped, and goes on with the oldest segment that is left.
 */
final class Retention {
    private static final Logger log = LoggerFactory.getLogger(Retention.class);
    private static final int NEEDED_BEFORE_CHECKPOINT = 2;

    private final Segments segments;
    private final long retainBytes;
    private final long retainMillis;

    Retention(JournalSettings settings, Segments segments) {
        this.segments = segments;
        this.retainBytes = settings.retainBytes();
        this.retainMillis = settings.retainFor().toMillis();
    }

    void apply(long checkpoint, long nowMillis) {
        List<Segment> acknowledged = new ArrayList<>();
        long bytes = 0;
        for (Segment segment : segments.all()) {
            if (segment.nextBase() > checkpoint) {
                break;
            }
            acknowledged.add(segment);
            bytes += segment.length();
        }
        for (int i = 0; i < acknowledged.size() - NEEDED_BEFORE_CHECKPOINT; i++) {
            Segment oldest = acknowledged.get(i);
            // The next one was begun when the last entry of this one had been written.
            long ageMillis = nowMillis - acknowledged.get(i + 1).createdAtMillis();
            if (oldest.isMapped() || (bytes <= retainBytes && ageMillis <= retainMillis)) {
                return;
            }
            delete(oldest);
            bytes -= oldest.length();
        }
    }

    private void delete(Segment segment) {
        segments.remove(segment);
        try {
            Files.deleteIfExists(segment.path());
        } catch (IOException e) {
            throw Disk.failed("journal segment cannot be deleted", segment.path(), e);
        }
        log.info("segment deleted segment={} length={}", segment.path(), segment.length());
    }
}
