package io.tapestream.journal;

import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map.Entry;
import java.util.SortedSet;
import java.util.concurrent.ConcurrentNavigableMap;
import java.util.concurrent.ConcurrentSkipListMap;
import org.jspecify.annotations.Nullable;

/** The segments that have been begun, in order of their base. Any thread. */
final class Segments {
    private final ConcurrentNavigableMap<Long, Segment> byBase = new ConcurrentSkipListMap<>();
    private final @Nullable Path watched;
    private volatile long newestBase = -1;

    private Segments(@Nullable Path watched) {
        this.watched = watched;
    }

    /** Those of a journal that this process writes: it says itself what comes and goes. */
    static Segments written() {
        return new Segments(null);
    }

    /** Those of a journal that another process may write: the folder is listed again whenever it matters. */
    static Segments watching(Path directory) {
        Segments segments = new Segments(directory);
        segments.refresh();
        return segments;
    }

    void add(Segment segment) {
        byBase.put(segment.base(), segment);
        if (segment.base() > newestBase) {
            newestBase = segment.base();
        }
    }

    void remove(Segment segment) {
        byBase.remove(segment.base());
    }

    Collection<Segment> all() {
        refresh();
        return byBase.values();
    }

    int count() {
        return byBase.size();
    }

    @Nullable Segment first() {
        refresh();
        return valueOf(byBase.firstEntry());
    }

    @Nullable Segment last() {
        refresh();
        return valueOf(byBase.lastEntry());
    }

    /** The segment that {@code position} falls into, or else the one before it. */
    @Nullable Segment atOrBefore(long position) {
        refresh();
        return valueOf(byBase.floorEntry(position));
    }

    @Nullable Segment before(Segment segment) {
        return valueOf(byBase.lowerEntry(segment.base()));
    }

    @Nullable Segment after(Segment segment) {
        refresh();
        // Asked again and again by a reader that waits at the end; without a boxed key in between.
        return segment.base() >= newestBase ? null : valueOf(byBase.higherEntry(segment.base()));
    }

    private static @Nullable Segment valueOf(@Nullable Entry<Long, Segment> entry) {
        return entry == null ? null : entry.getValue();
    }

    private void refresh() {
        if (watched != null) {
            refresh(watched);
        }
    }

    private synchronized void refresh(Path directory) {
        SortedSet<Long> bases = SegmentFile.bases(directory);
        byBase.keySet().retainAll(bases);
        List<SegmentFile> unknown = new ArrayList<>();
        for (long base : bases) {
            SegmentFile file = byBase.containsKey(base) ? null : SegmentFile.read(directory, base);
            if (file != null) {
                unknown.add(file);
            }
        }
        // One that looks prepared only, and is followed by one that has been begun, has lost its header.
        long newestBegun = newestBase;
        for (SegmentFile file : unknown) {
            newestBegun = file.isBegun() ? Math.max(newestBegun, file.base()) : newestBegun;
        }
        for (SegmentFile file : unknown) {
            if (file.base() <= newestBegun) {
                add(file.toSegment(MapMode.READ_ONLY));
            }
        }
    }
}
