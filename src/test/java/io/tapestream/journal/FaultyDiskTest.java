package io.tapestream.journal;

import static io.tapestream.journal.JournalFolder.NOW;
import static io.tapestream.journal.JournalFolder.SETTINGS_JSON;
import static io.tapestream.journal.JournalFolder.utf8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A journal that is opened, rolled, forced, acknowledged and shortened on a disk that fails at one step of it, for
 * every step that there is: it is told before a frame is lost, the session can be closed, and the next writer goes on.
 */
class FaultyDiskTest {
    private static final int FRAMES = 60;
    private static final int ACKNOWLEDGED_BEHIND = 8;

    private final FaultyDisk disk = new FaultyDisk(FileSystems.getDefault());

    /** One run: what was appended, what was acknowledged, and what stopped it. */
    private static final class Writing {
        final List<String> accepted = new ArrayList<>();
        final List<Long> ends = new ArrayList<>();
        long acknowledged;
        boolean isClosedInOrder;

        @Nullable Throwable failure;

        @Nullable Throwable failureOfClose;
    }

    private JournalFolder folder(Path real) {
        JournalFolder folder = new JournalFolder(disk.path(real));
        folder.segmentLength = 4096;
        folder.maxEntryLength = 1000;
        folder.retainBytes = 0;
        return folder;
    }

    private static Writing write(JournalFolder folder) {
        Writing writing = new Writing();
        Journal[] opened = new Journal[1];
        writing.failure = catchThrowable(() -> {
            opened[0] = folder.open();
            append(opened[0], folder, writing);
        });
        Journal journal = opened[0];
        if (journal != null) {
            if (!writing.accepted.isEmpty()) {
                // Whatever has failed: the reserve takes it.
                journal.appender().append(EntryType.SESSION_CLOSED, utf8("failed"), NOW);
                writing.isClosedInOrder = true;
            }
            writing.failureOfClose = catchThrowable(journal::close);
        }
        return writing;
    }

    /** Appends while there is room, as the feed does, and lets the keeper work after each frame. */
    private static void append(Journal journal, JournalFolder folder, Writing writing) {
        journal.appender().openSession(false, SETTINGS_JSON, NOW);
        for (int i = 0; i < FRAMES; i++) {
            String frame = "frame " + i + "x".repeat(300 + i % 7 * 60);
            journal.appender().append(EntryType.FRAME, utf8(frame), NOW);
            writing.accepted.add(frame);
            writing.ends.add(journal.endPosition());
            writing.acknowledged = writing.ends.get(Math.max(0, i - ACKNOWLEDGED_BEHIND));
            folder.nowMillis += 1000;
            journal.maintain(writing.acknowledged, false);
        }
    }

    private int stepsOfAHealthyRun(Path real) throws IOException {
        disk.recover();
        Writing healthy = write(folder(real));
        assertThat(healthy.failure).isNull();
        assertThat(healthy.failureOfClose).isNull();
        List<String> steps = disk.steps();
        assertThat(steps)
                .contains(
                        "write 00000000000000008192.jrn.tmp",
                        "force 00000000000000008192.jrn.tmp",
                        "rename to 00000000000000008192.jrn",
                        "map 00000000000000008192.jrn",
                        "delete 00000000000000000000.jrn",
                        "write checkpoint.tmp",
                        "force checkpoint.tmp",
                        "rename to checkpoint",
                        "force " + real.getFileName());
        deleteAll(real);
        return steps.size();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void losesNothingAtWhicheverStepItFails(boolean goesOn) throws IOException {
        Path real = new InMemoryFolder().createTempDirectory();
        int steps = stepsOfAHealthyRun(real);
        for (int step = 0; step < steps; step++) {
            JournalFolder folder = folder(real);
            disk.failAt(step, goesOn);
            Writing writing = write(folder);
            String failed = step + " " + disk.steps().get(step);
            // The JDK looks a second time whether a folder can be created.
            if (goesOn || !failed.contains("create")) {
                isToldWithPathAndCause(failed, writing);
            }

            disk.recover();
            try (Journal next = folder.open()) {
                List<String> found = JournalFolder.frames(next);
                List<String> accepted = writing.accepted;
                assertThat(found)
                        .as(failed)
                        .isEqualTo(accepted.subList(accepted.size() - found.size(), accepted.size()));
                assertThat(next.checkpoint()).as(failed).isLessThanOrEqualTo(Math.max(512, writing.acknowledged));
                assertThat(JournalFolder.payloads(next, EntryType.FRAME, next.checkpoint()))
                        .as(failed)
                        .containsAll(unacknowledged(writing));
                assertThat(JournalFolder.payloads(next, EntryType.SESSION_CLOSED, 0))
                        .as(failed)
                        .hasSize(writing.isClosedInOrder ? 1 : 0);
                assertThat(JournalAudit.of(next).isWhole()).as(failed).isTrue();
                goesOn(next, failed);
            }
            deleteAll(real);
        }
        Files.delete(real);
    }

    private static void isToldWithPathAndCause(String failed, Writing writing) {
        Throwable told = writing.failure != null ? writing.failure : writing.failureOfClose;
        assertThat(told)
                .as(failed)
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageMatching("[a-z ]+: path=/\\S+ cause=" + FaultyDisk.FULL
                        + " \\(check free space, permissions and health of the disk\\)");
    }

    private static List<String> unacknowledged(Writing writing) {
        List<String> left = new ArrayList<>();
        for (int i = 0; i < writing.accepted.size(); i++) {
            if (writing.ends.get(i) > writing.acknowledged) {
                left.add(writing.accepted.get(i));
            }
        }
        return left;
    }

    private static void goesOn(Journal journal, String failed) {
        journal.appender().openSession(false, SETTINGS_JSON, NOW);
        long before = journal.endPosition();
        for (int i = 0; i < 12; i++) {
            journal.appender().append(EntryType.FRAME, utf8("after".repeat(100)), NOW);
            journal.maintain(0, true);
        }
        assertThat(JournalFolder.payloads(journal, EntryType.FRAME, before))
                .as(failed)
                .hasSize(12);
    }

    @Test
    void aFullDiskThatIsEmptiedInTimeIsNoMatterToTheNextStart() throws IOException {
        Path real = new InMemoryFolder().createTempDirectory();
        int steps = stepsOfAHealthyRun(real);
        JournalFolder folder = folder(real);
        // Every third start meets a full disk, at another step each time.
        List<String> all = new ArrayList<>();
        for (int step = 0; step < steps; step += 3) {
            disk.failAt(step, true);
            all.addAll(write(folder).accepted);
            disk.recover();
            try (Journal journal = folder.open()) {
                List<String> found = JournalFolder.frames(journal);
                assertThat(found).isEqualTo(all.subList(all.size() - found.size(), all.size()));
            }
        }
        deleteAll(real);
        Files.delete(real);
    }

    private static void deleteAll(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
    }
}
