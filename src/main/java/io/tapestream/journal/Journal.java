package io.tapestream.journal;

import com.codahale.metrics.Counter;
import com.codahale.metrics.MetricRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * The append-only log of one environment: a folder of segments, one writer, any number of readers.
 *
 * <p>One appender on the event loop, one keeper thread that calls {@link #maintain}, readers on any thread. What cannot
 * be written stops the process: {@link #maintain} throws.
 */
public final class Journal implements AutoCloseable {
    private final Path directory;
    private final Segments segments;
    private final Counter holeBytes;
    private final @Nullable Writer writer;
    private final AtomicBoolean isClosed = new AtomicBoolean();

    private Journal(Path directory, Segments segments, Counter holeBytes, @Nullable Writer writer) {
        this.directory = directory;
        this.segments = segments;
        this.holeBytes = holeBytes;
        this.writer = writer;
    }

    /** What only the one that writes the journal has. */
    private record Writer(
            JournalSettings settings,
            JournalLock lock,
            JournalAppender appender,
            Keeper keeper,
            JournalMetrics metrics) {}

    /**
     * Opens the journal for writing: takes its lock, recovers a torn tail, prepares the next segment.
     *
     * @throws JournalLockedException another process, or this one, writes it; names its process id
     * @throws JournalMismatchException a segment belongs to another environment, feed or stream, or a file has a format
     *     version that this program does not know; nothing has been changed then
     * @throws java.io.UncheckedIOException the folder cannot be read or written; names the path
     */
    public static Journal open(JournalSettings settings, InstantSource clock, MetricRegistry registry) {
        try {
            Files.createDirectories(settings.directory());
            refuseUnknownFormats(settings.directory());
            JournalLock lock = JournalLock.take(settings.directory());
            try {
                return open(settings, clock, registry, lock);
            } catch (IOException | RuntimeException e) {
                lock.close();
                throw e;
            }
        } catch (IOException e) {
            throw Disk.failed("journal cannot be opened", settings.directory(), e);
        }
    }

    /** Before anything is written, so that a journal which a later version has written is as that version left it. */
    private static void refuseUnknownFormats(Path directory) {
        SegmentFile.list(directory);
        new CheckpointFile(directory).read();
    }

    private static Journal open(
            JournalSettings settings, InstantSource clock, MetricRegistry registry, JournalLock lock)
            throws IOException {
        Segments segments = Segments.written();
        SegmentPreparer preparer = new SegmentPreparer(settings.directory(), settings.segmentLength());
        long checkpoint = new CheckpointFile(settings.directory()).read();
        RecoveredEnd end = new Recovery(settings, segments, preparer).recover(checkpoint, clock.millis());
        JournalMetrics metrics = new JournalMetrics(registry);
        JournalAppender appender = new JournalAppender(settings, segments, end, metrics.roomWaits());
        Keeper keeper = new Keeper(settings, segments, appender, checkpoint, clock);
        Journal journal = new Journal(
                settings.directory(),
                segments,
                metrics.holeBytes(),
                new Writer(settings, lock, appender, keeper, metrics));
        metrics.gauge("journal.append-position", journal::endPosition);
        metrics.gauge("journal.checkpoint", journal::checkpoint);
        metrics.gauge("journal.unacknowledged-bytes", () -> journal.endPosition() - journal.checkpoint());
        metrics.gauge("journal.segments", segments::count);
        return journal;
    }

    /** Opens a journal to read only, also while another process writes it; takes no lock and changes nothing. */
    public static Journal openReadOnly(Path directory) {
        return new Journal(directory, Segments.watching(directory), new Counter(), null);
    }

    /**
     * Opens a journal to read only, as {@link #openReadOnly(Path)} does, for one who relies on whose it is.
     *
     * @throws JournalMismatchException a segment belongs to another environment, feed or stream, or has a format
     *     version that this program does not know
     */
    public static Journal openReadOnly(JournalSettings settings) {
        SegmentFile.list(settings.directory()).forEach(file -> file.check(settings.owner()));
        return openReadOnly(settings.directory());
    }

    /**
     * Whether its last writer, in this process or another on this host, still lives.
     *
     * @throws java.io.UncheckedIOException the folder cannot be read; names the path
     */
    public boolean isWritten() {
        try {
            return JournalLock.isHeld(directory);
        } catch (IOException e) {
            throw Disk.failed("journal cannot be read", directory, e);
        }
    }

    /** The one appender, to be used by the event loop only. */
    public JournalAppender appender() {
        return writer().appender();
    }

    /**
     * A reader whose first entry is the first at or after {@code position}. Each reader is confined to one thread at a
     * time.
     */
    public JournalReader reader(long position) {
        return new JournalReader(segments, holeBytes, position);
    }

    /**
     * Where reading has to begin so that identities from {@code position} on come out right: the start of the second
     * segment before its own.
     */
    public long warmUpPosition(long position) {
        Segment segment = segments.atOrBefore(position);
        if (segment == null) {
            return startPosition();
        }
        for (int i = 0; i < 2; i++) {
            segment = Objects.requireNonNullElse(segments.before(segment), segment);
        }
        return segment.base();
    }

    /**
     * The oldest position from which identities come out right: the oldest retained, but two segments later where older
     * ones have been deleted.
     */
    public long identityPosition() {
        Segment segment = segments.first();
        if (segment == null || segment.base() == 0) {
            return 0;
        }
        for (int i = 0; i < 2; i++) {
            segment = Objects.requireNonNullElse(segments.after(segment), segment);
        }
        return segment.base();
    }

    /** The oldest retained position. */
    public long startPosition() {
        Segment first = segments.first();
        return first == null ? 0 : first.base();
    }

    /** The position after the last entry; any thread. */
    public long endPosition() {
        if (writer != null) {
            Segment current = writer.appender().current();
            return current.base() + current.limit();
        }
        Segment last = segments.last();
        if (last == null) {
            return 0;
        }
        long end = last.base() + SegmentHeader.LENGTH;
        try (JournalReader reader = reader(last.base())) {
            while (reader.next()) {
                end = reader.nextPosition();
            }
        }
        return end;
    }

    /** The checkpoint: everything below it is acknowledged; any thread. */
    public long checkpoint() {
        long checkpoint = writer != null ? writer.keeper().checkpoint() : new CheckpointFile(directory).read();
        return Math.max(checkpoint, startPosition());
    }

    /**
     * The work that the event loop must not do, one round: prepares the next segment if it was taken, and, if the sync
     * interval has passed, forces the journal, writes the checkpoint and deletes what need not be kept. Keeper thread
     * only; blocks on the disk.
     *
     * @param acknowledgedPosition everything below it is acknowledged; one below the checkpoint changes nothing
     * @param force do it all now, whatever the interval
     * @throws java.io.UncheckedIOException the disk is full or broken; the process has to stop
     */
    public void maintain(long acknowledgedPosition, boolean force) {
        writer().keeper().maintain(acknowledgedPosition, force);
    }

    /** Bytes appended and not acknowledged are at the bound {@code journal.max-bytes}. */
    public boolean isFull(long acknowledgedPosition) {
        return endPosition() - acknowledgedPosition >= writer().settings().maxBytes();
    }

    /** Forces what was appended and releases the lock. The appender and the keeper thread have stopped before. */
    @Override
    public void close() {
        if (writer == null || !isClosed.compareAndSet(false, true)) {
            return;
        }
        writer.metrics().close();
        try {
            closeInOrder(writer);
        } catch (IOException e) {
            throw Disk.failed("journal cannot be closed", directory, e);
        }
    }

    /** How many segments there are. */
    int segmentCount() {
        return segments.all().size();
    }

    private static void closeInOrder(Writer writer) throws IOException {
        try {
            writer.keeper().close();
        } finally {
            writer.lock().close();
        }
    }

    private Writer writer() {
        if (writer == null) {
            throw new IllegalStateException("journal is open to read only: path=" + directory);
        }
        return writer;
    }
}
