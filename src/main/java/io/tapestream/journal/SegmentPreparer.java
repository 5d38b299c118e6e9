package io.tapestream.journal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** Puts the next segment on the disk before it is needed. */
final class SegmentPreparer {
    private static final int PAGE_LENGTH = 4096;

    private final Path directory;
    private final int segmentLength;

    SegmentPreparer(Path directory, int segmentLength) {
        this.directory = directory;
        this.segmentLength = segmentLength;
    }

    /**
     * Prepares the segment with this base; the caller becomes its user. Blocks on the disk.
     *
     * @throws java.io.UncheckedIOException the disk is full or broken; what was written is removed
     */
    PreparedSegment prepare(long base) {
        Path path = SegmentFile.pathOf(directory, base);
        try {
            Disk.createZeroed(path, segmentLength);
            Segment segment = new Segment(path, base, segmentLength, MapMode.READ_WRITE);
            ByteBuffer view = segment.acquire();
            if (view == null) {
                throw new NoSuchFileException(path.toString());
            }
            touch(view);
            return new PreparedSegment(segment, view);
        } catch (IOException e) {
            throw Disk.failed("next journal segment cannot be prepared", path, e);
        }
    }

    /**
     * Writes to each page, so that it is the keeper who waits while the system maps it and makes it writable, and not
     * the event loop.
     */
    private static void touch(ByteBuffer view) {
        for (int page = 0; page < view.capacity(); page += PAGE_LENGTH) {
            view.put(page, (byte) 0);
        }
    }
}
