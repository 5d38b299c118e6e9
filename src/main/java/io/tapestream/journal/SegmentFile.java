package io.tapestream.journal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A segment's file as it lies in the folder.
 *
 * @param path the file
 * @param base its base position, from its name
 * @param fileLength its length
 * @param isBegun whether its header holds anything; a prepared segment's does not
 * @param header its header; null if it is not whole
 */
record SegmentFile(
        Path path,
        long base,
        long fileLength,
        boolean isBegun,
        @Nullable SegmentHeader header) {
    private static final Pattern NAME = Pattern.compile("(0\\d{19})\\.jrn");

    /** Path of the segment with this base. */
    static Path pathOf(Path directory, long base) {
        return directory.resolve(String.format("%020d.jrn", base));
    }

    /** All segment files of a folder, in order of their base. */
    static List<SegmentFile> list(Path directory) {
        List<SegmentFile> files = new ArrayList<>();
        for (long base : bases(directory)) {
            SegmentFile file = read(directory, base);
            if (file != null) {
                files.add(file);
            }
        }
        return files;
    }

    /** The bases of all segment files of a folder, in order. */
    static SortedSet<Long> bases(Path directory) {
        SortedSet<Long> bases = new TreeSet<>();
        for (Path path : paths(directory)) {
            Matcher name = NAME.matcher(path.getFileName().toString());
            if (name.matches()) {
                bases.add(Long.parseLong(name.group(1)));
            }
        }
        return bases;
    }

    private static List<Path> paths(Path directory) {
        try (Stream<Path> paths = Files.list(directory)) {
            return paths.toList();
        } catch (IOException e) {
            throw Disk.failed("journal folder cannot be read", directory, e);
        }
    }

    /** The segment file with this base; null if it was deleted meanwhile. */
    static @Nullable SegmentFile read(Path directory, long base) {
        Path path = pathOf(directory, base);
        ByteBuffer bytes = ByteBuffer.allocate(SegmentHeader.LENGTH).order(ByteOrder.LITTLE_ENDIAN);
        long fileLength;
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            fileLength = channel.size();
            while (bytes.hasRemaining() && channel.read(bytes) >= 0) {}
        } catch (NoSuchFileException e) {
            return null;
        } catch (IOException e) {
            throw Disk.failed("journal segment cannot be read", path, e);
        }
        bytes.clear();
        boolean isBegun = !EntryCursor.isZero(bytes, 0, SegmentHeader.LENGTH);
        return new SegmentFile(path, base, fileLength, isBegun, SegmentHeader.read(bytes, base, path));
    }

    /**
     * Refuses the segment if it is another owner's.
     *
     * @throws JournalMismatchException it is
     */
    void check(JournalOwner owner) {
        if (header != null) {
            owner.check(header.owner(), path);
        }
    }

    /** The length the segment was made with; without a header its file has to tell. */
    int segmentLength() {
        return header != null ? header.segmentLength() : (int) Math.min(fileLength, Integer.MAX_VALUE & -4096);
    }

    Segment toSegment(MapMode mode) {
        Segment segment = new Segment(path, base, segmentLength(), mode);
        // Unknown counts as new: then it is not deleted for its age.
        segment.createdAt(header != null ? header.createdAtMillis() : Long.MAX_VALUE);
        return segment;
    }
}
