package io.tapestream.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class JournalLockTest {
    @TempDir
    Path directory;

    JournalFolder folder;

    @BeforeEach
    void makeFolder() {
        folder = new JournalFolder(directory);
    }

    @Test
    void refusesASecondWriterInThisProcess() throws IOException {
        String mine =
                "journal has another writer: path=" + directory.toRealPath().resolve("lock") + " pid="
                        + ProcessHandle.current().pid()
                        + " (stop that process, or set journal.directory to another folder)";
        try (Journal journal = folder.open()) {
            for (int attempt = 0; attempt < 3; attempt++) {
                assertThatThrownBy(folder::open)
                        .isInstanceOf(JournalLockedException.class)
                        .hasMessage(mine);
            }
            assertThat(journal.endPosition()).isEqualTo(512);
        }
        folder.open().close();
    }

    @Test
    void seesThroughASymbolicLink() throws IOException {
        Path link = directory.resolve("link");
        Path real = Files.createDirectory(directory.resolve("real"));
        Files.createSymbolicLink(link, real);
        try (Journal journal = new JournalFolder(real).open()) {
            assertThatThrownBy(new JournalFolder(link)::open).isInstanceOf(JournalLockedException.class);
            assertThat(journal.endPosition()).isEqualTo(512);
        }
    }

    @Test
    void isFreeAgainAfterAnOpeningThatFailed() {
        folder.open().close();
        JournalSettings other = folder.settings("prod", "finnhub", "stream-finnhub");
        assertThatThrownBy(() -> Journal.open(other, () -> Instant.EPOCH, folder.metrics))
                .isInstanceOf(JournalMismatchException.class);
        folder.open().close();
    }

    @Test
    void namesTheProcessThatHoldsItAndLosesNothingWhenThatIsKilled() throws Exception {
        try (JournalWriterProcess writer = JournalWriterProcess.start(directory)) {
            writer.awaitFrame();
            assertThatThrownBy(folder::open)
                    .isInstanceOf(JournalLockedException.class)
                    .hasMessageContaining(" pid=" + writer.pid() + " ");
            List<String> meanwhile = folder.framesSeenFromOutside();
            assertThat(meanwhile).isNotEmpty();
            try (Journal outside = Journal.openReadOnly(directory)) {
                assertThat(outside.isWritten()).isTrue();
            }
            while (writer.awaitFrame() < 5000) {}
            long last = Math.max(5000, writer.kill());
            try (Journal outside = Journal.openReadOnly(directory)) {
                assertThat(outside.isWritten()).isFalse();
            }

            try (Journal journal = folder.open()) {
                List<String> frames = JournalFolder.frames(journal);
                assertThat(frames).startsWith(meanwhile.toArray(String[]::new)).hasSizeGreaterThan((int) last);
                for (int i = 0; i < frames.size(); i++) {
                    assertThat(frames.get(i)).isEqualTo(Integer.toString(i));
                }
                assertThat(JournalAudit.of(journal).holes()).isZero();
            }
        }
    }
}
