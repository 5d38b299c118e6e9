package io.tapestream.journal;

import com.codahale.metrics.Counter;
import io.tapestream.frame.Frame;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads entries in order, live at the end of the journal or anywhere before it. Holds the segment it is in mapped until
 * it has left it.
 *
 * <p>Confined to one thread at a time. Every checksum is verified; what is damaged is skipped to the next whole entry,
 * counted and logged.
 */
public final class JournalReader implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(JournalReader.class);
    private static final ByteBuffer NOTHING = ByteBuffer.allocateDirect(0);

    private final Segments segments;
    private final Counter holeBytesMetric;
    private final EntryCursor cursor = new EntryCursor();
    private final Frame frame = new Frame();

    /** Entries below are passed over: they were read, or are not wanted. */
    private long from;

    private @Nullable Segment segment;
    private long previousSegment = -1;
    private ByteBuffer view = NOTHING;
    private int offset;
    private int entryOffset;
    private @Nullable EntryType type;
    private long holeBytes;
    private boolean isClosed;

    /** What was known when nothing was found: looking again is of use once either has changed. */
    private int searchedLimit;

    private long searchedWord;

    JournalReader(Segments segments, Counter holeBytesMetric, long from) {
        this.segments = segments;
        this.holeBytesMetric = holeBytesMetric;
        this.from = from;
    }

    /** Goes to the next entry; false if there is none yet. */
    public boolean next() {
        do {
            if (!nextOfAny()) {
                return false;
            }
        } while (segment() + entryOffset < from);
        return true;
    }

    /** Type of the entry. */
    public EntryType type() {
        if (type == null) {
            throw noEntry();
        }
        return type;
    }

    /** Position of the entry. */
    public long position() {
        if (type == null) {
            throw noEntry();
        }
        return segment() + entryOffset;
    }

    /** Position after the entry, or where the first is looked for: where a reader that has handled it goes on. */
    public long nextPosition() {
        return segment == null ? from : Math.max(from, segment.base() + offset);
    }

    /** Base position of the entry's segment. */
    public long segment() {
        if (segment == null) {
            throw noEntry();
        }
        return segment.base();
    }

    /**
     * Base position of the segment before the entry's, also if it holds no entry; -1 if reading began in the entry's
     * segment.
     */
    public long previousSegment() {
        return previousSegment;
    }

    /** The payload, session, flag and time of the entry, whatever its type; valid until {@link #next()}. */
    public Frame frame() {
        return frame;
    }

    /** Bytes of damaged entries that were skipped so far. */
    public long holeBytes() {
        return holeBytes;
    }

    /**
     * Length of what lies after the last whole entry of the segment and is not zero: an entry that was damaged, or that
     * its writer did not complete, or has not yet.
     */
    long tornBytes() {
        int end = view.capacity();
        while (end > offset && view.get(end - 1) == 0) {
            end--;
        }
        return Math.max(0, end - offset);
    }

    @Override
    public void close() {
        isClosed = true;
        leave();
    }

    private static IllegalStateException noEntry() {
        return new IllegalStateException("no entry to read (call next until it answers true)");
    }

    private boolean nextOfAny() {
        if (isClosed) {
            throw new IllegalStateException("journal reader is closed");
        }
        if (segment == null && !enterFirst()) {
            return false;
        }
        while (segment != null) {
            if (nextInSegment(segment)) {
                return true;
            }
            Segment following = segments.after(segment);
            if (following == null) {
                return false;
            }
            // Something may have been appended between the two looks; from now on nothing can be.
            if (nextInSegment(segment)) {
                return true;
            }
            skipHole(segment, offset, offset + (int) tornBytes());
            previousSegment = segment.base();
            enter(following);
        }
        return false;
    }

    private boolean nextInSegment(Segment current) {
        int limit = Math.min(current.limit(), view.capacity());
        if (!cursor.isEntry(view, current.base(), offset, limit)) {
            if (!isWorthSearching(limit)) {
                return false;
            }
            int found = cursor.find(view, current.base(), offset, limit);
            if (found < 0) {
                return false;
            }
            // The writer of another process completes one entry after the other: if a later one is whole now, so is
            // this.
            if (cursor.isEntry(view, current.base(), offset, limit)) {
                found = offset;
            }
            skipHole(current, offset, found);
            offset = found;
        }
        take();
        return true;
    }

    private boolean isWorthSearching(int limit) {
        if (offset > limit - EntryLayout.PAYLOAD) {
            return false;
        }
        long word = view.getLong(offset);
        if (limit == searchedLimit && word == searchedWord) {
            return false;
        }
        searchedLimit = limit;
        searchedWord = word;
        return true;
    }

    private void take() {
        int length = view.getInt(offset + EntryLayout.WORD);
        boolean keepsRedelivered = (view.get(offset + EntryLayout.FLAGS) & EntryLayout.KEEPS_REDELIVERED) != 0;
        type = EntryType.ofCode(view.get(offset + EntryLayout.TYPE));
        frame.wrap(view, offset + EntryLayout.PAYLOAD, length - EntryLayout.PAYLOAD)
                .of(
                        view.getLong(offset + EntryLayout.SESSION),
                        keepsRedelivered,
                        view.getLong(offset + EntryLayout.RECEIVED_AT));
        entryOffset = offset;
        offset += EntryLayout.aligned(length);
        searchedLimit = 0;
    }

    private void skipHole(Segment current, int begin, int end) {
        long first = Math.max(current.base() + begin, from);
        long bytes = current.base() + end - first;
        if (bytes <= 0) {
            return;
        }
        holeBytes += bytes;
        holeBytesMetric.inc(bytes);
        log.warn(
                "journal damaged, entries skipped position={} length={} segment={} (what was received there is lost)",
                first,
                bytes,
                current.path());
    }

    private boolean enterFirst() {
        Segment first = segments.atOrBefore(from);
        if (first == null) {
            first = segments.first();
        }
        if (first != null) {
            enter(first);
        }
        return segment != null;
    }

    /** Enters {@code wanted}, or the first after it that has not been deleted. */
    private void enter(Segment wanted) {
        leave();
        Segment candidate = wanted;
        while (candidate != null) {
            ByteBuffer acquired = candidate.acquire();
            if (acquired != null) {
                segment = candidate;
                view = acquired;
                offset = SegmentHeader.LENGTH;
                return;
            }
            log.warn("journal segment deleted before it was read segment={}", candidate.path());
            previousSegment = candidate.base();
            candidate = segments.after(candidate);
        }
    }

    private void leave() {
        frame.wrap(NOTHING, 0, 0);
        type = null;
        view = NOTHING;
        searchedLimit = 0;
        if (segment != null) {
            from = Math.max(from, segment.base() + offset);
            segment.release();
            segment = null;
        }
    }
}
