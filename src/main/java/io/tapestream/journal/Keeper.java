package io.tapestream.journal;

import java.io.IOException;
import java.nio.file.Files;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Deque;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Does for the appender what blocks: prepares segments, forces, writes the checkpoint, deletes. Confined to one thread
 * at a time.
 */
final class Keeper {
    private static final Logger log = LoggerFactory.getLogger(Keeper.class);

    private final JournalAppender appender;
    private final SegmentPreparer preparer;
    private final CheckpointFile checkpointFile;
    private final Retention retention;
    private final InstantSource clock;
    private final long syncIntervalMillis;

    /** Segments kept mapped for the appender, oldest first: those it wrote since the last sync, its own, the spare. */
    private final Deque<Segment> held = new ArrayDeque<>();

    private long forcedPosition;
    private long syncedAtMillis;
    private volatile long checkpoint;

    Keeper(
            JournalSettings settings,
            Segments segments,
            JournalAppender appender,
            long checkpoint,
            InstantSource clock) {
        this.appender = appender;
        this.preparer = new SegmentPreparer(settings.directory(), settings.segmentLength());
        this.checkpointFile = new CheckpointFile(settings.directory());
        this.retention = new Retention(settings, segments);
        this.clock = clock;
        this.syncIntervalMillis = settings.syncInterval().toMillis();
        this.checkpoint = checkpoint;
        this.forcedPosition = appender.current().base();
        this.syncedAtMillis = clock.millis();
        held.add(appender.current());
        prepareSpare();
    }

    long checkpoint() {
        return checkpoint;
    }

    void maintain(long acknowledgedPosition, boolean force) {
        prepareSpare();
        long now = clock.millis();
        boolean isDue = now - syncedAtMillis >= syncIntervalMillis || now < syncedAtMillis;
        if (!force && !isDue) {
            return;
        }
        syncedAtMillis = now;
        sync();
        if (acknowledgedPosition > checkpoint) {
            if (acknowledgedPosition > forcedPosition) {
                throw new IllegalArgumentException("acknowledged beyond the end of the journal: position="
                        + acknowledgedPosition + " end=" + forcedPosition);
            }
            checkpointFile.write(acknowledgedPosition);
            checkpoint = acknowledgedPosition;
        }
        retention.apply(checkpoint, now);
    }

    /** Forces everything that was appended before this call, and lets go of the segments that the appender has left. */
    void sync() {
        // Once the appender has gone on, what it has left is final.
        Segment current = appender.current();
        while (held.getFirst() != current) {
            Segment left = held.getFirst();
            forceRest(left);
            held.removeFirst();
            left.release();
        }
        forceRest(current);
    }

    /** Forces what is left and lets go of all segments; the appender is not used any more. */
    void close() {
        sync();
        appender.close();
        Segment current = appender.current();
        while (!held.isEmpty()) {
            Segment segment = held.removeFirst();
            segment.release();
            if (segment != current) {
                deleteSpare(segment);
            }
        }
    }

    private void prepareSpare() {
        if (appender.needsSpare()) {
            PreparedSegment spare = preparer.prepare(held.getLast().nextBase());
            held.add(spare.segment());
            appender.prepared(spare);
            log.debug("segment prepared segment={}", spare.segment().path());
        }
    }

    private void forceRest(Segment segment) {
        long end = segment.base() + segment.limit();
        long begin = Math.max(forcedPosition, segment.base());
        if (end > begin) {
            segment.force((int) (begin - segment.base()), (int) (end - segment.base()));
            forcedPosition = end;
        }
    }

    private static void deleteSpare(Segment spare) {
        try {
            Files.deleteIfExists(spare.path());
        } catch (IOException e) {
            throw Disk.failed("prepared segment cannot be deleted", spare.path(), e);
        }
    }
}
