package io.tapestream.journal;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/** The writes to disk that have to be lasting: new files by rename, full of real zeros, and folders. */
final class Disk {
    private static final int CHUNK_LENGTH = 256 * 1024;

    private Disk() {}

    /** Writes a file that is there whole or not at all, also after a power cut. */
    static void replace(Path target, ByteBuffer bytes) throws IOException {
        Path temporary = target.resolveSibling(target.getFileName() + ".tmp");
        try (FileChannel channel = FileChannel.open(
                temporary, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            channel.force(true);
        }
        Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        forceFolder(target);
    }

    /**
     * Writes a file of {@code length} zeros. They are written out because a sparse file that is mapped loses what is
     * written to it, in silence, once the disk is full.
     */
    static void createZeroed(Path target, int length) throws IOException {
        Path temporary = target.resolveSibling(target.getFileName() + ".tmp");
        try {
            fillWithZeros(temporary, 0, length);
            Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            Files.deleteIfExists(temporary);
            throw e;
        }
        forceFolder(target);
    }

    /** Writes zeros from {@code from} to {@code length} and forces them. */
    static void fillWithZeros(Path path, long from, long length) throws IOException {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            ByteBuffer zeros = ByteBuffer.allocateDirect((int) Math.min(CHUNK_LENGTH, length - from));
            for (long offset = from; offset < length; ) {
                zeros.clear().limit((int) Math.min(zeros.capacity(), length - offset));
                offset += channel.write(zeros, offset);
            }
            channel.force(true);
        }
    }

    private static void forceFolder(Path file) throws IOException {
        Path folder = file.toAbsolutePath().getParent();
        if (folder == null) {
            return;
        }
        force(folder);
    }

    /** Forces a file or folder to disk, whoever wrote to it. */
    static void force(Path path) throws IOException {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    static UncheckedIOException failed(String what, Path path, IOException cause) {
        return new UncheckedIOException(
                what + ": path=" + path + " cause=" + reason(cause)
                        + " (check free space, permissions and health of the disk)",
                cause);
    }

    /** The words of the operating system; of exceptions that carry but a path, their name. */
    private static String reason(IOException cause) {
        if (cause instanceof FileSystemException e) {
            return e.getReason() != null ? e.getReason() : e.getClass().getSimpleName();
        }
        return String.valueOf(cause.getMessage());
    }
}
