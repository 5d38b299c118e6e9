package io.tapestream.journal;

import static io.tapestream.journal.JournalFolder.NOW;
import static io.tapestream.journal.JournalFolder.SETTINGS_JSON;
import static io.tapestream.journal.JournalFolder.append;
import static io.tapestream.journal.JournalFolder.frames;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DamageTest {
    static final String SECOND = "the second, of 24 bytes.";

    @TempDir(factory = InMemoryFolder.class)
    Path directory;

    JournalFolder folder;
    int secondBegin;
    int secondEnd;
    byte[] whole;

    @BeforeEach
    void writeThreeFrames() throws IOException {
        folder = new JournalFolder(directory);
        folder.segmentLength = 4096;
        folder.maxEntryLength = 200;
        try (Journal journal = folder.open()) {
            journal.appender().openSession(false, SETTINGS_JSON, NOW);
            append(journal, "first");
            secondBegin = (int) journal.endPosition();
            append(journal, SECOND);
            secondEnd = (int) journal.endPosition();
            append(journal, "third");
            append(journal, "fourth");
        }
        whole = Files.readAllBytes(folder.segment(0));
    }

    @Test
    void aFlippedBitCostsTheOneEntry() throws IOException {
        for (int bit = secondBegin * 8; bit < secondEnd * 8; bit++) {
            byte[] damaged = whole.clone();
            damaged[bit / 8] ^= (byte) (1 << bit % 8);
            Files.write(folder.segment(0), damaged);
            try (Journal outside = Journal.openReadOnly(directory)) {
                assertThat(frames(outside)).as("bit %d", bit).containsExactly("first", "third", "fourth");
                assertThat(JournalAudit.of(outside).holes()).isEqualTo(1);
                assertThat(JournalAudit.of(outside).holeBytes()).isEqualTo(secondEnd - secondBegin);
            }
        }
    }

    @Test
    void aFlippedByteCostsTheWriterTheOneEntry() throws IOException {
        for (int i = secondBegin; i < secondEnd; i++) {
            byte[] damaged = whole.clone();
            damaged[i] ^= (byte) 0xff;
            Files.write(folder.segment(0), damaged);
            try (Journal journal = folder.open()) {
                append(openSession(journal), "fifth");
                assertThat(frames(journal)).as("byte %d", i).containsExactly("first", "third", "fourth", "fifth");
            }
        }
        assertThat(folder.metrics.counter("journal.hole-bytes").getCount())
                .isEqualTo((long) (secondEnd - secondBegin) * (secondEnd - secondBegin));
    }

    private static Journal openSession(Journal journal) {
        journal.appender().openSession(false, SETTINGS_JSON, NOW);
        return journal;
    }

    @Test
    void aBlockOfZerosBeforeAnEntryIsAHole() throws IOException {
        byte[] damaged = whole.clone();
        Arrays.fill(damaged, secondBegin, secondEnd, (byte) 0);
        Files.write(folder.segment(0), damaged);
        try (Journal journal = folder.open()) {
            assertThat(frames(journal)).containsExactly("first", "third", "fourth");
            assertThat(JournalAudit.of(journal).holeBytes()).isEqualTo(secondEnd - secondBegin);
        }
    }

    @Test
    void anEntryInsideAPayloadIsNotTakenForOne() throws IOException {
        byte[] entry = Arrays.copyOfRange(whole, secondBegin, secondEnd);
        try (Journal journal = folder.open()) {
            openSession(journal).appender().append(EntryType.FRAME, ByteBuffer.wrap(entry), NOW);
            append(journal, "last");
        }
        // The entry around it is damaged, so reading looks for the next whole one among the payload's bytes too.
        byte[] damaged = Files.readAllBytes(folder.segment(0));
        damaged[indexOf(damaged, entry, secondEnd) - EntryLayout.PAYLOAD + EntryLayout.SESSION] ^= 1;
        Files.write(folder.segment(0), damaged);
        assertThat(folder.framesSeenFromOutside()).containsExactly("first", SECOND, "third", "fourth", "last");
    }

    private static int indexOf(byte[] bytes, byte[] wanted, int from) {
        for (int i = from; i <= bytes.length - wanted.length; i++) {
            if (Arrays.equals(bytes, i, i + wanted.length, wanted, 0, wanted.length)) {
                return i;
            }
        }
        throw new AssertionError("not found");
    }

    @Test
    void damageAtTheEndOfASegmentIsAHoleOnceAnotherFollows() throws IOException {
        List<String> written = new ArrayList<>();
        try (Journal journal = folder.open()) {
            openSession(journal);
            for (int i = 0; journal.endPosition() < 8192; i++) {
                written.add("frame " + i + "x".repeat(150));
                append(journal, written.get(i));
            }
        }
        byte[] first = Files.readAllBytes(folder.segment(0));
        int lastByte = first.length - 1;
        while (first[lastByte] == 0) {
            lastByte--;
        }
        first[lastByte] ^= 1;
        Files.write(folder.segment(0), first);

        List<String> found = folder.framesSeenFromOutside();
        assertThat(found).hasSize(4 + written.size() - 1).containsSubsequence("fourth", "frame 0" + "x".repeat(150));
        try (Journal journal = folder.open()) {
            assertThat(frames(journal)).isEqualTo(found);
            assertThat(JournalAudit.of(journal).holes()).isEqualTo(1);
            List<Gap> gaps = new ArrayList<>();
            Coverage.list(journal.reader(0), journal.isWritten(), gaps::add);
            assertThat(gaps).extracting(Gap::reason).containsExactly(Coverage.PROCESS_ENDED, Coverage.CORRUPT);
        }
    }

    @Test
    void aSegmentThatIsCutInTheMiddleOfTheJournalCostsWhatIsMissing() throws IOException {
        try (Journal journal = folder.open()) {
            openSession(journal);
            while (journal.endPosition() < 4096) {
                append(journal, "x".repeat(150));
            }
        }
        Files.write(folder.segment(0), Arrays.copyOf(whole, secondEnd + 3));
        try (Journal journal = folder.open()) {
            assertThat(frames(journal)).startsWith("first", SECOND).hasSizeGreaterThan(2);
            append(openSession(journal), "after");
            assertThat(frames(journal)).endsWith("after");
        }
    }
}
