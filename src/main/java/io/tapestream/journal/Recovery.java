package io.tapestream.journal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds where a journal goes on after its last writer has stopped, in whatever way: keeps every whole entry, zeroes
 * what is torn after the last one, and removes segments that hold none.
 */
final class Recovery {
    private static final Logger log = LoggerFactory.getLogger(Recovery.class);
    private static final int ALIGNMENT = 4096;
    private static final String TEMPORARY_FILES = "{checkpoint,0" + "[0-9]".repeat(19) + ".jrn}.tmp";

    private final JournalSettings settings;
    private final Segments segments;
    private final SegmentPreparer preparer;
    private final EntryCursor cursor = new EntryCursor();

    Recovery(JournalSettings settings, Segments segments, SegmentPreparer preparer) {
        this.settings = settings;
        this.segments = segments;
        this.preparer = preparer;
    }

    /** Adds the segments of the folder to {@link Segments}; returns the one to append to. */
    RecoveredEnd recover(long checkpoint, long nowMillis) throws IOException {
        List<SegmentFile> files = SegmentFile.list(settings.directory());
        files.forEach(file -> file.check(settings.owner()));
        removeTemporaryFiles();
        RecoveredEnd last = recoverLast(files, checkpoint, nowMillis);
        if (last == null) {
            return begin(aligned(checkpoint), nowMillis, 0);
        }
        Segment segment = last.segment();
        if (checkpoint <= segment.base() + segment.limit()) {
            return last;
        }
        log.warn(
                "checkpoint beyond the end of the journal checkpoint={} end={} (what was acknowledged was not on the disk"
                        + " yet; a new segment begins after it)",
                checkpoint,
                segment.base() + segment.limit());
        segment.force(0, segment.limit());
        segment.release();
        return begin(Math.max(segment.nextBase(), aligned(checkpoint)), nowMillis, last.lastSession());
    }

    /** The last segment with an entry or a whole header; null if there is none. Those after it are removed. */
    private @Nullable RecoveredEnd recoverLast(List<SegmentFile> files, long checkpoint, long nowMillis)
            throws IOException {
        for (int i = files.size() - 1; i >= 0; i--) {
            SegmentFile file = files.get(i);
            RecoveredEnd end = recoverIfBegun(file, nowMillis);
            if (end != null) {
                for (SegmentFile earlier : files.subList(0, i)) {
                    addEarlier(earlier, checkpoint);
                }
                segments.add(end.segment());
                return new RecoveredEnd(end.segment(), end.view(), lastSession(end));
            }
            log.info("segment without entries removed segment={}", file.path());
            Files.delete(file.path());
        }
        return null;
    }

    private void addEarlier(SegmentFile file, long checkpoint) throws IOException {
        Segment segment = file.toSegment(MapMode.READ_ONLY);
        segments.add(segment);
        if (segment.nextBase() > checkpoint) {
            // The last writer may have died before it forced it, and checkpoints will pass it.
            Disk.force(file.path());
        }
    }

    private @Nullable RecoveredEnd recoverIfBegun(SegmentFile file, long nowMillis) throws IOException {
        if (file.header() == null && file.fileLength() <= SegmentHeader.LENGTH) {
            return null;
        }
        int length = file.header() != null ? file.header().segmentLength() : lengthWithoutHeader(file);
        if (file.fileLength() < length) {
            log.warn("segment cut short segment={} length={} expected={}", file.path(), file.fileLength(), length);
            Disk.fillWithZeros(file.path(), file.fileLength(), length);
        }
        Segment segment = new Segment(file.path(), file.base(), length, MapMode.READ_WRITE);
        ByteBuffer view = segment.acquire();
        if (view == null) {
            throw new NoSuchFileException(file.path().toString());
        }
        int lastEntry = lastEntry(view, segment.base());
        if (file.header() == null && lastEntry < 0) {
            segment.release();
            return null;
        }
        long session = lastEntry < 0 ? 0 : view.getLong(lastEntry + EntryLayout.SESSION);
        if (file.header() == null) {
            log.warn("segment header damaged, written again segment={}", file.path());
            new PreparedSegment(segment, zeroed(view, 0, SegmentHeader.LENGTH))
                    .begin(settings.owner(), nowMillis, 0, 0);
        }
        segment.createdAt(file.header() == null ? nowMillis : file.header().createdAtMillis());
        int end = lastEntry < 0 ? SegmentHeader.LENGTH : endOf(view, lastEntry);
        zeroTail(segment, view, end);
        segment.publish(end);
        return new RecoveredEnd(segment, view, session);
    }

    private int lengthWithoutHeader(SegmentFile file) {
        boolean isWhole = file.fileLength() >= ALIGNMENT && file.fileLength() % ALIGNMENT == 0;
        return isWhole ? file.segmentLength() : Math.max(settings.segmentLength(), (int) aligned(file.segmentLength()));
    }

    private int lastEntry(ByteBuffer view, long base) {
        int last = -1;
        int offset = cursor.find(view, base, SegmentHeader.LENGTH, view.capacity());
        while (offset >= 0) {
            last = offset;
            offset = cursor.find(view, base, endOf(view, offset), view.capacity());
        }
        return last;
    }

    private static int endOf(ByteBuffer view, int entry) {
        return entry + EntryLayout.aligned(view.getInt(entry + EntryLayout.WORD));
    }

    private static void zeroTail(Segment segment, ByteBuffer view, int end) {
        if (EntryCursor.isZero(view, end, view.capacity())) {
            return;
        }
        log.warn(
                "journal entry torn segment={} offset={} (recovered: what follows the last whole entry is zeroed)",
                segment.path(),
                end);
        zeroed(view, end, view.capacity());
        segment.force(0, view.capacity());
    }

    private static ByteBuffer zeroed(ByteBuffer view, int from, int to) {
        for (int offset = from; offset < to; offset += Long.BYTES) {
            view.putLong(offset, 0);
        }
        return view;
    }

    /** The highest session number: of the last entry there is, or of a header that names one. */
    private long lastSession(RecoveredEnd end) {
        long session = end.lastSession();
        Segment segment = segments.before(end.segment());
        while (session == 0 && segment != null) {
            ByteBuffer view = segment.acquire();
            if (view != null) {
                int lastEntry = lastEntry(view, segment.base());
                session = lastEntry < 0 ? 0 : view.getLong(lastEntry + EntryLayout.SESSION);
                segment.release();
            }
            segment = segments.before(segment);
        }
        return session;
    }

    private RecoveredEnd begin(long base, long nowMillis, long lastSession) {
        PreparedSegment prepared = preparer.prepare(base);
        prepared.begin(settings.owner(), nowMillis, 0, 0);
        segments.add(prepared.segment());
        return new RecoveredEnd(prepared.segment(), prepared.view(), lastSession);
    }

    /** Removes what an interrupted write has left; a file of another name is not ours. */
    private void removeTemporaryFiles() throws IOException {
        try (var files = Files.newDirectoryStream(settings.directory(), TEMPORARY_FILES)) {
            for (Path file : files) {
                Files.delete(file);
            }
        }
    }

    private static long aligned(long position) {
        return (position + ALIGNMENT - 1) & -ALIGNMENT;
    }
}
