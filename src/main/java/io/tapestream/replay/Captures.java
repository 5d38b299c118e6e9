package io.tapestream.replay;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/**
 * The captures to serve, in order: each can be read from its beginning as often as wanted.
 *
 * <p>A capture is a file of NDJSON lines, plain or gzip, or a journal: a folder of segments, or one segment file. A
 * file is known by its content, not by its name.
 */
public final class Captures {
    private static final byte[] SEGMENT_MAGIC = "TAPEJRN\0".getBytes(StandardCharsets.US_ASCII);

    private final List<Path> paths;

    private Captures(List<Path> paths) {
        this.paths = paths;
    }

    /**
     * Finds the captures. A folder without journal segments stands for the {@code .ndjson} and {@code .ndjson.gz} files
     * in it, by name.
     *
     * @throws IllegalArgumentException none is given, one does not exist, or a folder holds none
     */
    public static Captures of(List<Path> given) {
        if (given.isEmpty()) {
            throw new IllegalArgumentException("no captures given (name at least one file or folder)");
        }
        List<Path> paths = new ArrayList<>();
        for (Path path : given) {
            if (!Files.exists(path)) {
                throw new IllegalArgumentException("capture does not exist: path=" + path);
            }
            if (!Files.isDirectory(path) || !filesOf(path, ".jrn").isEmpty()) {
                paths.add(path);
                continue;
            }
            List<Path> files = filesOf(path, ".ndjson", ".ndjson.gz");
            if (files.isEmpty()) {
                throw new IllegalArgumentException(
                        "folder holds no captures: path=" + path + " (expected: *.jrn, *.ndjson or *.ndjson.gz)");
            }
            paths.addAll(files);
        }
        return new Captures(List.copyOf(paths));
    }

    /** How many captures there are. */
    public int count() {
        return paths.size();
    }

    /** Opens capture {@code index} at its beginning. */
    public CaptureReader open(int index) {
        Path path = paths.get(index);
        if (Files.isDirectory(path)) {
            return JournalCapture.ofFolder(path);
        }
        return isSegment(path) ? JournalCapture.ofSegment(path) : NdjsonCapture.open(path);
    }

    private static boolean isSegment(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            return Arrays.equals(in.readNBytes(SEGMENT_MAGIC.length), SEGMENT_MAGIC);
        } catch (IOException e) {
            throw new UncheckedIOException("capture not readable: file=" + file, e);
        }
    }

    private static List<Path> filesOf(Path folder, String... endings) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> Stream.of(endings)
                            .anyMatch(ending -> file.getFileName().toString().endsWith(ending)))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException("captures not listable: path=" + folder, e);
        }
    }
}
