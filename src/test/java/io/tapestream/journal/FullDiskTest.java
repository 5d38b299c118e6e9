package io.tapestream.journal;

import static io.tapestream.journal.JournalFolder.NOW;
import static io.tapestream.journal.JournalFolder.SETTINGS_JSON;
import static io.tapestream.journal.JournalFolder.utf8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A disk that is really full: a small tmpfs. Needs the right to mount; skipped, and said so, where that is missing. */
class FullDiskTest {
    @TempDir
    Path parent;

    Path disk;
    JournalFolder folder;
    final List<String> accepted = new ArrayList<>();

    @BeforeEach
    void mount() throws Exception {
        disk = Files.createDirectory(parent.resolve("disk"));
        assumeThat(run("mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", disk.toString()))
                .as("a tmpfs can be mounted (needs root): the full disk is NOT tested")
                .isTrue();
        folder = new JournalFolder(disk.resolve("journal"));
        folder.segmentLength = 16384;
    }

    @AfterEach
    void unmount() throws Exception {
        run("umount", disk.toString());
    }

    private static boolean run(String... command) throws IOException, InterruptedException {
        try {
            Process process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            return process.waitFor(20, TimeUnit.SECONDS) && process.exitValue() == 0;
        } catch (IOException e) {
            return false;
        }
    }

    /** Appends, and lets the keeper work, until either says that it cannot go on. */
    private @Nullable Throwable appendUntilFailure(Journal journal) {
        return catchThrowable(() -> {
            journal.appender().openSession(false, SETTINGS_JSON, NOW);
            for (int i = 0; i < 10_000; i++) {
                String frame = "frame " + i + "x".repeat(i % 500);
                boolean hasRoom = journal.appender().append(EntryType.FRAME, utf8(frame), NOW);
                accepted.add(frame);
                if (!hasRoom || i % 10 == 0) {
                    journal.maintain(0, true);
                }
            }
        });
    }

    @Test
    void isNoticedBeforeAFrameIsLost() throws Exception {
        Journal journal = folder.open();
        assertThat(appendUntilFailure(journal))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageStartingWith("next journal segment cannot be prepared: path=" + folder.directory)
                .hasMessageEndingWith(
                        "cause=No space left on device (check free space, permissions and health of the disk)");
        assertThat(accepted).hasSizeGreaterThan(300);
        assertThat(folder.directory).isDirectoryNotContaining("glob:**.tmp");

        // The one in reserve is still there: the session can be closed in the journal.
        journal.appender().append(EntryType.SESSION_CLOSED, utf8("journal cannot be written"), NOW);
        journal.close();
        assertThat(run("mount", "-o", "remount,size=2m", disk.toString())).isTrue();
        try (Journal reopened = folder.open()) {
            assertThat(JournalFolder.frames(reopened)).isEqualTo(accepted);
            assertThat(JournalFolder.payloads(reopened, EntryType.SESSION_CLOSED, 0))
                    .hasSize(1);
            assertThat(JournalAudit.of(reopened).isWhole()).isTrue();
        }
    }

    @Test
    void isNoticedAtTheOpening() throws Exception {
        Files.write(disk.resolve("other"), new byte[250 * 1024]);
        assertThatThrownBy(folder::open)
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining("No space left on device");
        Files.delete(disk.resolve("other"));
        folder.open().close();
    }

    @Test
    void aDiskThatBecomesReadOnlyIsNoticed() throws Exception {
        try (Journal journal = folder.open()) {
            journal.appender().openSession(false, SETTINGS_JSON, NOW);
            journal.maintain(0, true);
        }
        assertThat(run("mount", "-o", "remount,ro", disk.toString())).isTrue();
        assertThatThrownBy(folder::open)
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining("Read-only file system");
        try (Journal outside = Journal.openReadOnly(folder.directory)) {
            assertThat(JournalFolder.payloads(outside, EntryType.SESSION_OPENED, 0))
                    .hasSize(1);
        }
    }
}
