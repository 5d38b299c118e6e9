package io.tapestream.journal;

import static io.tapestream.journal.JournalFolder.NOW;
import static io.tapestream.journal.JournalFolder.SETTINGS_JSON;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** One thread appends, one keeps, and readers in this process and as if from another one read what comes. */
@Timeout(120)
class ConcurrentReadingTest {
    static final int FRAMES = 30_000;

    @TempDir(factory = InMemoryFolder.class)
    Path directory;

    private final AtomicLong acknowledged = new AtomicLong();
    private volatile boolean isDone;

    @Test
    void everyReaderSeesEveryEntryOnceAndInOrder() throws Exception {
        JournalFolder folder = new JournalFolder(directory);
        folder.retainBytes = 1 << 30;
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try (Journal journal = folder.open();
                Journal outside = Journal.openReadOnly(directory)) {
            Future<?> keeper = threads.submit(() -> keep(journal));
            Future<Long> inProcess = threads.submit(() -> read(journal.reader(0)));
            Future<Long> fromOutside = threads.submit(() -> read(outside.reader(0)));
            Future<?> writer = threads.submit(() -> write(journal.appender()));
            writer.get(100, TimeUnit.SECONDS);
            assertThat(inProcess.get()).isZero();
            assertThat(fromOutside.get()).isZero();
            isDone = true;
            keeper.get();
        } finally {
            isDone = true;
            threads.shutdownNow();
        }
    }

    @Test
    void aReaderKeepsUpWithWhatIsDeletedBehindIt() throws Exception {
        JournalFolder folder = new JournalFolder(directory);
        folder.retainBytes = 0;
        ExecutorService threads = Executors.newFixedThreadPool(3);
        try (Journal journal = folder.open()) {
            Future<?> keeper = threads.submit(() -> keep(journal));
            Future<Long> reader = threads.submit(() -> read(journal.reader(0)));
            threads.submit(() -> write(journal.appender())).get(100, TimeUnit.SECONDS);
            assertThat(reader.get()).isZero();
            isDone = true;
            keeper.get();
            journal.maintain(acknowledged.get(), true);
            assertThat(journal.startPosition()).isGreaterThan(journal.endPosition() - 4 * 8192);
        } finally {
            isDone = true;
            threads.shutdownNow();
        }
    }

    private void keep(Journal journal) {
        while (!isDone) {
            journal.maintain(acknowledged.get(), true);
        }
    }

    private void write(JournalAppender appender) {
        appender.openSession(false, SETTINGS_JSON, NOW);
        ByteBuffer payload = ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < FRAMES; i++) {
            payload.clear().limit(8 + i % 57).putLong(0, i);
            boolean hasRoom = appender.append(EntryType.FRAME, payload, NOW + i);
            while (!hasRoom) {
                LockSupport.parkNanos(1000);
                hasRoom = appender.hasRoom();
            }
        }
        appender.append(EntryType.SESSION_CLOSED, ByteBuffer.allocate(0), NOW);
    }

    /** Returns the bytes in holes, of which there must be none. */
    private long read(JournalReader reader) {
        long expected = 0;
        try (reader) {
            while (true) {
                if (!reader.next()) {
                    LockSupport.parkNanos(1000);
                } else if (reader.type() == EntryType.FRAME) {
                    assertThat(frameNumber(reader)).isEqualTo(expected);
                    expected++;
                    acknowledged.accumulateAndGet(reader.nextPosition(), Math::max);
                } else if (reader.type() == EntryType.SESSION_CLOSED) {
                    assertThat(expected).isEqualTo(FRAMES);
                    return reader.holeBytes();
                }
            }
        }
    }

    private static long frameNumber(JournalReader reader) {
        long number = reader.frame().buffer().getLong(reader.frame().offset());
        assertThat(reader.frame().receivedAtMillis()).isEqualTo(NOW + number);
        return number;
    }
}
