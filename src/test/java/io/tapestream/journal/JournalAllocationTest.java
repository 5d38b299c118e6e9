package io.tapestream.journal;

import static io.tapestream.journal.JournalFolder.NOW;
import static io.tapestream.journal.JournalFolder.SETTINGS_JSON;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Appending and reading allocate nothing per entry: what is left over is less than one object for a hundred. */
class JournalAllocationTest {
    private static final int WARM_UP = 20_000;
    private static final int ENTRIES = 20_000;
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    @TempDir(factory = InMemoryFolder.class)
    Path directory;

    @Test
    void appendAndReadAllocateNothing() {
        JournalFolder folder = new JournalFolder(directory);
        folder.segmentLength = 64 << 20;
        ByteBuffer frame = ByteBuffer.allocateDirect(700);
        try (Journal journal = folder.open();
                JournalReader reader = journal.reader(0)) {
            JournalAppender appender = journal.appender();
            appender.openSession(false, SETTINGS_JSON, NOW);
            append(appender, frame, WARM_UP);
            read(reader, WARM_UP);
            assertThat(allocatedBy(() -> append(appender, frame, ENTRIES))).isLessThan(ENTRIES / 100 * 16);
            assertThat(allocatedBy(() -> read(reader, ENTRIES))).isLessThan(ENTRIES / 100 * 16);
            assertThat(allocatedBy(() -> waitAtTheEnd(reader))).isLessThan(ENTRIES / 100 * 16);
        }
    }

    private static long allocatedBy(Runnable work) {
        long thread = Thread.currentThread().getId();
        long before = THREADS.getThreadAllocatedBytes(thread);
        work.run();
        return THREADS.getThreadAllocatedBytes(thread) - before;
    }

    private static void append(JournalAppender appender, ByteBuffer frame, int entries) {
        for (int i = 0; i < entries; i++) {
            appender.append(EntryType.FRAME, frame, NOW);
        }
    }

    private static void read(JournalReader reader, int entries) {
        for (int i = 0; i < entries; i++) {
            if (!reader.next() || reader.frame().length() == 0) {
                throw new AssertionError("an entry is missing");
            }
        }
    }

    private static void waitAtTheEnd(JournalReader reader) {
        while (reader.next()) {}
        for (int i = 0; i < ENTRIES; i++) {
            if (reader.next()) {
                throw new AssertionError("an entry that nobody appended");
            }
        }
    }
}
