package io.tapestream.journal;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/**
 * One file of the journal. It is mapped when its first user comes and unmapped when its last one has left: a view may
 * be touched only between {@link #acquire()} and {@link #release()}.
 */
final class Segment {
    private static final VarHandle LIMIT;

    static {
        try {
            LIMIT = MethodHandles.lookup().findVarHandle(Segment.class, "limit", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final Path path;
    private final long base;
    private final int length;
    private final MapMode mode;

    /** Offset after the last entry that readers may see; the length where only a scan can tell. */
    private volatile int limit;

    private volatile long createdAtMillis;
    private int users;
    private @Nullable MappedByteBuffer mapped;

    Segment(Path path, long base, int length, MapMode mode) {
        this.path = path;
        this.base = base;
        this.length = length;
        this.mode = mode;
        this.limit = length;
    }

    Path path() {
        return path;
    }

    long base() {
        return base;
    }

    int length() {
        return length;
    }

    /** Position after the segment, which is the next one's base if nothing was lost. */
    long nextBase() {
        return base + length;
    }

    int limit() {
        return limit;
    }

    /**
     * Shows readers everything that was written before this call and lies below {@code newLimit}, soon: it does not
     * wait until they can see it.
     */
    void publish(int newLimit) {
        LIMIT.setRelease(this, newLimit);
    }

    long createdAtMillis() {
        return createdAtMillis;
    }

    void createdAt(long millis) {
        createdAtMillis = millis;
    }

    /** Counts a user in; null if the file has been deleted. */
    synchronized @Nullable ByteBuffer acquire() {
        MappedByteBuffer buffer = mapped;
        if (buffer == null) {
            buffer = map();
            if (buffer == null) {
                return null;
            }
            mapped = buffer;
        }
        users++;
        return buffer.duplicate().order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Counts a user out; its view must not be touched again. */
    synchronized void release() {
        if (users == 0) {
            throw new IllegalStateException("segment released more often than acquired: path=" + path);
        }
        users--;
        MappedByteBuffer buffer = mapped;
        if (users == 0 && buffer != null) {
            mapped = null;
            Unmapper.unmap(buffer);
        }
    }

    synchronized boolean isMapped() {
        return mapped != null;
    }

    /** Forces bytes to disk; the caller is a user. */
    void force(int from, int to) {
        MappedByteBuffer buffer;
        synchronized (this) {
            buffer = mapped;
        }
        if (buffer == null) {
            throw new IllegalStateException("segment not mapped: path=" + path);
        }
        try {
            buffer.force(from, to - from);
        } catch (UncheckedIOException e) {
            throw Disk.failed("journal cannot be forced to disk", path, new IOException(e.getMessage(), e));
        }
    }

    private @Nullable MappedByteBuffer map() {
        StandardOpenOption[] options = mode == MapMode.READ_ONLY
                ? new StandardOpenOption[] {StandardOpenOption.READ}
                : new StandardOpenOption[] {StandardOpenOption.READ, StandardOpenOption.WRITE};
        try (FileChannel channel = FileChannel.open(path, options)) {
            // A segment that was cut, and is not the last one, is shorter than it says.
            return channel.map(mode, 0, Math.min(length, channel.size()));
        } catch (NoSuchFileException e) {
            return null;
        } catch (IOException e) {
            throw Disk.failed("journal segment cannot be mapped", path, e);
        }
    }
}
