package io.tapestream.journal;

import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map.Entry;
import java.util.Set;
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
        List<SegmentFile> files = SegmentFile.list(directory);
        long newestBegun = -1;
        Set<Long> bases = new HashSet<>();
        for (SegmentFile file : files) {
            bases.add(file.base());
            newestBegun = file.isBegun() ? file.base() : newestBegun;
        }
        byBase.keySet().retainAll(bases);
        for (SegmentFile file : files) {
            if (file.base() <= newestBegun && !byBase.containsKey(file.base())) {
                add(file.toSegment(MapMode.READ_ONLY));
            }
        }
    }
}
