package io.tapestream.journal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** Puts the next segment on the disk before it is needed. */
final class SegmentPreparer {
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
            return new PreparedSegment(segment, view);
        } catch (IOException e) {
            throw Disk.failed("next journal segment cannot be prepared", path, e);
        }
    }
}
