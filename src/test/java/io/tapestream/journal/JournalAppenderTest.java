package io.tapestream.journal;

import static io.tapestream.journal.JournalFolder.NOW;
import static io.tapestream.journal.JournalFolder.SETTINGS_JSON;
import static io.tapestream.journal.JournalFolder.utf8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JournalAppenderTest {
    static final ByteBuffer LONGEST = utf8("x".repeat(1024));

    @TempDir
    Path directory;

    JournalFolder folder;
    Journal journal;
    JournalAppender appender;

    @BeforeEach
    void open() {
        folder = new JournalFolder(directory);
        journal = folder.open();
        appender = journal.appender();
        appender.openSession(false, SETTINGS_JSON, NOW);
    }

    @AfterEach
    void close() {
        journal.close();
    }

    /** Appends until the appender says that there is no room. */
    private void fill() {
        while (appender.append(EntryType.FRAME, LONGEST, NOW)) {}
    }

    @Test
    void saysInTimeThatThereIsNoRoom() {
        fill();
        assertThat(appender.hasRoom()).isFalse();
        // One segment was in reserve: the last is the second one.
        assertThat(journal.endPosition()).isBetween(2 * 8192L - 1024 - 32 - 8 - 512, 2 * 8192L);
        assertThat(folder.metrics.counter("journal.room-waits").getCount()).isEqualTo(1);
    }

    @Test
    void hasRoomAgainOnceTheNextSegmentIsPrepared() {
        fill();
        journal.maintain(0, false);
        assertThat(appender.hasRoom()).isTrue();
        assertThat(appender.append(EntryType.FRAME, LONGEST, NOW)).isTrue();
        fill();
        assertThat(folder.metrics.counter("journal.room-waits").getCount()).isEqualTo(2);
    }

    @Test
    void alwaysTakesTheEntriesThatCloseASession() {
        fill();
        appender.append(EntryType.SESSION_CLOSED, utf8("r".repeat(200)), NOW);
        assertThat(JournalFolder.payloads(journal, EntryType.SESSION_CLOSED, 0)).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 7, 8, 100, 900, 1023})
    void leavesRoomForClosingEntriesWhateverTheLengthOfFrames(int length) {
        ByteBuffer frame = utf8("y".repeat(length));
        while (appender.append(EntryType.FRAME, frame, NOW)) {}
        appender.append(EntryType.SESSION_CLOSED, utf8("r".repeat(400)), NOW);
        assertThat(JournalFolder.payloads(journal, EntryType.SESSION_CLOSED, 0)).hasSize(1);
    }

    @Test
    void takesAFrameAfterShortEntriesWhoseAnswersWereNotHeeded() {
        ByteBuffer frame = utf8("y".repeat(100));
        for (int i = 0; i < 1000; i++) {
            boolean hasRoom = appender.append(EntryType.FRAME, frame, NOW);
            appender.append(EntryType.SUBSCRIBED, utf8("AAPL"), NOW);
            if (hasRoom && !appender.hasRoom()) {
                appender.append(EntryType.FRAME, LONGEST, NOW);
            }
            if (!appender.hasRoom()) {
                journal.maintain(0, false);
            }
        }
        assertThat(JournalFolder.payloads(journal, EntryType.SUBSCRIBED, 0)).hasSize(1000);
    }

    @Test
    void refusesAFrameWhenItsAnswerWasNotObeyed() {
        fill();
        assertThatThrownBy(() -> {
                    appender.append(EntryType.FRAME, LONGEST, NOW);
                    appender.append(EntryType.FRAME, LONGEST, NOW);
                })
                .isInstanceOf(IllegalStateException.class)
                .hasMessageStartingWith("journal has no room: segment=")
                .hasMessageEndingWith("(append only while hasRoom answers true)");
    }

    @Test
    void refusesAnEntryThatIsTooLong() {
        assertThatThrownBy(() -> appender.append(EntryType.FRAME, utf8("x".repeat(1025)), NOW))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("entry too long: type=FRAME length=1025 (expected: at most 1024)");
    }

    @Test
    void refusesEntriesOutsideASession() {
        assertThatThrownBy(() -> appender.openSession(false, SETTINGS_JSON, NOW))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("session=1");
        appender.append(EntryType.SESSION_CLOSED, utf8("silent"), NOW);
        assertThatThrownBy(() -> appender.append(EntryType.FRAME, utf8("x"), NOW))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("no session open: type=FRAME (open one before its entries)");
    }

    @Test
    void leavesThePayloadAsItWas() {
        ByteBuffer payload = utf8("--payload--").position(2).limit(9);
        appender.append(EntryType.FRAME, payload, NOW);
        assertThat(payload.position()).isEqualTo(2);
        assertThat(payload.limit()).isEqualTo(9);
        assertThat(JournalFolder.frames(journal)).containsExactly("payload");
    }

    @Test
    void takesEmptyAndDirectPayloads() {
        appender.append(EntryType.FRAME, ByteBuffer.allocateDirect(0), NOW);
        appender.append(
                EntryType.FRAME, ByteBuffer.allocateDirect(2).put(0, (byte) 'o').put(1, (byte) 'k'), NOW);
        assertThat(JournalFolder.frames(journal)).containsExactly("", "ok");
    }

    @Test
    void publishesItsMetrics() {
        assertThat(folder.metrics.getGauges().keySet())
                .containsExactlyInAnyOrder(
                        "journal.append-position",
                        "journal.checkpoint",
                        "journal.segments",
                        "journal.unacknowledged-bytes");
        assertThat(gauge("journal.append-position")).isEqualTo(journal.endPosition());
        assertThat(gauge("journal.segments")).isEqualTo(1);
    }

    private Object gauge(String name) {
        return Objects.requireNonNull(folder.metrics.getGauges().get(name)).getValue();
    }
}
