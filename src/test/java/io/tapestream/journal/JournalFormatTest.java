package io.tapestream.journal;

import static io.tapestream.journal.JournalFolder.NOW;
import static io.tapestream.journal.JournalFolder.utf8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Golden bytes of format version 1, computed from docs/JOURNAL.md by a program that shares no code with this one. */
class JournalFormatTest {
    static final int SEGMENT_LENGTH = 4096;
    static final long END = 896;

    static final String HEADER = "544150454a524e00" // magic
            + "01000000" // version
            + "00020000" // header length
            + "0010000000000000" // segment length
            + "0000000000000000" // base
            + "00f2893787010000" // created at
            + "0000000000000000" // session
            + "836e51dd" // checksum
            + "00000000" // flags
            + "0500" + "6c6f63616c" // environment
            + "0700" + "66696e6e687562" // feed
            + "0e00" + "73747265616d2d66696e6e687562"; // stream

    static final String SETTINGS_JSON =
            "7b2266656564223a2266696e6e687562222c22726564656c6976657265645f6672616d6573223a22"
                    + "6b656570222c2273796d626f6c73223a5b224141504c225d7d" + "00000000000000";

    static final String ENTRIES = "61000000f25fde5e" + "0101000000000000" + "0100000000000000" + "01f2893787010000"
            + SETTINGS_JSON
            + "240000009627d83e" + "0201000000000000" + "0100000000000000" + "02f2893787010000"
            + "4141504c" + "00000000"
            + "2f0000009e97540e" + "0401000000000000" + "0100000000000000" + "03f2893787010000"
            + "7b2274797065223a2270696e67227d" + "00"
            + "24000000282d6d1e" + "0301000000000000" + "0100000000000000" + "04f2893787010000"
            + "4141504c" + "00000000"
            + "2b0000006df75816" + "0501000000000000" + "0100000000000000" + "05f2893787010000"
            + "636c6f7365642031303031" + "0000000000"
            + "6100000093d53457" + "0100000000000000" + "0200000000000000" + "06f2893787010000"
            + SETTINGS_JSON;

    static final String CHECKPOINT = "54415045434b5000" + "01000000" + "296231d2" + "8003000000000000";

    @TempDir
    Path directory;

    JournalFolder folder;

    @BeforeEach
    void makeFolder() {
        folder = new JournalFolder(directory);
        folder.segmentLength = SEGMENT_LENGTH;
    }

    static byte[] goldenSegment() {
        byte[] segment = new byte[SEGMENT_LENGTH];
        byte[] header = HexFormat.of().parseHex(HEADER);
        byte[] entries = HexFormat.of().parseHex(ENTRIES);
        System.arraycopy(header, 0, segment, 0, header.length);
        System.arraycopy(entries, 0, segment, 512, entries.length);
        return segment;
    }

    @Test
    void writesTheGoldenBytes() throws IOException {
        byte[] json = "{\"feed\":\"finnhub\",\"redelivered_frames\":\"keep\",\"symbols\":[\"AAPL\"]}"
                .getBytes(StandardCharsets.UTF_8);
        try (Journal journal = folder.open()) {
            JournalAppender appender = journal.appender();
            appender.openSession(true, json, NOW + 1);
            appender.append(EntryType.SUBSCRIBED, utf8("AAPL"), NOW + 2);
            appender.append(EntryType.FRAME, utf8("{\"type\":\"ping\"}"), NOW + 3);
            appender.append(EntryType.UNSUBSCRIBED, utf8("AAPL"), NOW + 4);
            appender.append(EntryType.SESSION_CLOSED, utf8("closed 1001"), NOW + 5);
            appender.openSession(false, json, NOW + 6);
            journal.maintain(journal.endPosition(), true);
            assertThat(Files.readAllBytes(folder.segment(SEGMENT_LENGTH)))
                    .as("the prepared segment")
                    .isEqualTo(new byte[SEGMENT_LENGTH]);
        }
        assertThat(Files.readAllBytes(folder.segment(0))).isEqualTo(goldenSegment());
        assertThat(Files.readAllBytes(directory.resolve("checkpoint")))
                .isEqualTo(HexFormat.of().parseHex(CHECKPOINT));
    }

    @Test
    void namesTheOpenSessionInTheHeaderOfALaterSegment() throws IOException {
        try (Journal journal = folder.open()) {
            journal.appender().openSession(true, new byte[0], NOW);
            while (journal.endPosition() < SEGMENT_LENGTH) {
                journal.appender().append(EntryType.FRAME, utf8("x".repeat(1000)), NOW + 7);
            }
        }
        String header = HEADER.replace("0010000000000000" + "0000000000000000", "0010000000000000".repeat(2))
                .replace("00f28937", "07f28937")
                .replace("0000000000000000" + "836e51dd" + "00000000", "0100000000000000" + "????????" + "01000000");
        byte[] found = Arrays.copyOf(Files.readAllBytes(folder.segment(SEGMENT_LENGTH)), HEADER.length() / 2);
        String hex = HexFormat.of().formatHex(found);
        assertThat(hex.substring(0, 96) + "????????" + hex.substring(104)).isEqualTo(header);
    }

    @Test
    void readsTheGoldenBytes() throws IOException {
        Files.write(folder.segment(0), goldenSegment());
        Files.write(directory.resolve("checkpoint"), HexFormat.of().parseHex(CHECKPOINT));
        try (Journal journal = folder.open()) {
            JournalAudit audit = JournalAudit.of(journal);
            assertThat(audit.entries())
                    .containsEntry(EntryType.SESSION_OPENED, 2L)
                    .containsEntry(EntryType.SUBSCRIBED, 1L)
                    .containsEntry(EntryType.UNSUBSCRIBED, 1L)
                    .containsEntry(EntryType.FRAME, 1L)
                    .containsEntry(EntryType.SESSION_CLOSED, 1L);
            assertThat(audit.isWhole()).isTrue();
            assertThat(audit.endPosition()).isEqualTo(END);
            assertThat(journal.checkpoint()).isEqualTo(END);
            assertThat(journal.appender().openSession(false, new byte[0], NOW)).isEqualTo(3);
        }
    }

    @Test
    void refusesTheJournalOfAnotherOwner() throws IOException {
        Files.write(folder.segment(0), goldenSegment());
        assertThatThrownBy(() -> Journal.openReadOnly(folder.settings("prod", "finnhub", "stream-finnhub")))
                .isInstanceOf(JournalMismatchException.class)
                .hasMessageContaining("environment=local expected=prod");
        assertThatThrownBy(() -> Journal.openReadOnly(folder.settings("local", "polygon", "stream-finnhub")))
                .isInstanceOf(JournalMismatchException.class)
                .hasMessageContaining("feed=finnhub expected=polygon");
        assertThatThrownBy(() ->
                        Journal.open(folder.settings("local", "finnhub", "other"), () -> Instant.EPOCH, folder.metrics))
                .isInstanceOf(JournalMismatchException.class)
                .hasMessage("journal belongs to another stream: path=" + folder.segment(0)
                        + " stream=stream-finnhub expected=other (set the stream back, or set journal.directory to"
                        + " another folder to begin a new journal)");
        assertThat(Files.readAllBytes(folder.segment(0))).isEqualTo(goldenSegment());
        folder.open().close();
    }
}
