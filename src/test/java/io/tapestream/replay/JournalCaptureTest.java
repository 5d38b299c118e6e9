package io.tapestream.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.codahale.metrics.MetricRegistry;
import io.tapestream.journal.EntryType;
import io.tapestream.journal.Journal;
import io.tapestream.journal.JournalReader;
import io.tapestream.journal.JournalSettings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JournalCaptureTest {
    private static final int SEGMENT_LENGTH = 16 << 10;
    private static final byte[] NOT_UTF8 = {'{', (byte) 0xc3, 0x28};

    @TempDir
    Path folder;

    private Path journal = Path.of("");
    private final List<byte[]> frames = new ArrayList<>();

    @BeforeEach
    void writeAJournalOfSeveralSegmentsAndSessions() {
        journal = folder.resolve("journal");
        frames.addAll(MarketBuilder.framesOf(MarketBuilder.AAPL));
        frames.add(NOT_UTF8);
        frames.addAll(MarketBuilder.framesOf(MarketBuilder.CRYPTO));
        JournalSettings settings = new JournalSettings(
                journal,
                "local",
                "finnhub",
                "stream",
                SEGMENT_LENGTH,
                SEGMENT_LENGTH / 4,
                64 * SEGMENT_LENGTH,
                64 * SEGMENT_LENGTH,
                Duration.ofDays(2),
                Duration.ofSeconds(1));
        try (Journal writing = Journal.open(settings, InstantSource.system(), new MetricRegistry())) {
            for (int i = 0; i < frames.size(); i++) {
                if (i % 100 == 0) {
                    writing.appender().openSession(false, text("{}"), i);
                    append(writing, EntryType.SUBSCRIBED, text("AAPL"), i);
                }
                append(writing, EntryType.FRAME, frames.get(i), i);
                if (i % 100 == 99) {
                    append(writing, EntryType.SESSION_CLOSED, text("silent"), i);
                }
            }
        }
    }

    private static void append(Journal journal, EntryType type, byte[] payload, long atMillis) {
        if (!journal.appender().append(type, ByteBuffer.wrap(payload), atMillis)) {
            journal.maintain(0, false);
        }
    }

    private static byte[] text(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @Test
    void readsTheFramesOfAllSegmentsAndNothingElse() {
        assertThat(segments()).hasSizeGreaterThan(2);
        assertThat(MarketBuilder.framesOf(journal)).containsExactlyElementsOf(frames);
    }

    @Test
    void readsOneSegmentAlone() {
        List<byte[]> read = new ArrayList<>();
        for (Path segment : segments()) {
            List<byte[]> ofSegment = MarketBuilder.framesOf(segment);
            assertThat(ofSegment).hasSizeLessThan(frames.size());
            read.addAll(ofSegment);
        }
        assertThat(read).containsExactlyElementsOf(frames);
    }

    @Test
    void exportsARangeSoThatItReadsBackEqual() {
        long from = positionOf(5);
        long to = positionOf(205);
        for (String name : List.of("export.ndjson", "export.ndjson.gz")) {
            Path file = folder.resolve(name);
            try (CaptureWriter writer = CaptureWriter.create(file)) {
                assertThat(writer.writeRange(journal, from, to)).isEqualTo(200);
            }
            assertThat(MarketBuilder.framesOf(file)).containsExactlyElementsOf(frames.subList(5, 205));
        }
        Path all = folder.resolve("all.ndjson");
        try (CaptureWriter writer = CaptureWriter.create(all)) {
            writer.writeRange(journal, 0, Long.MAX_VALUE);
        }
        assertThat(MarketBuilder.framesOf(all)).containsExactlyElementsOf(frames);
    }

    private long positionOf(int frame) {
        try (Journal reading = Journal.openReadOnly(journal);
                JournalReader reader = reading.reader(0)) {
            int seen = 0;
            while (reader.next()) {
                if (reader.type() == EntryType.FRAME && seen++ == frame) {
                    return reader.position();
                }
            }
        }
        throw new AssertionError("no such frame");
    }

    @Test
    void refusesASegmentThatHasLostItsName() throws IOException {
        Path renamed = Files.copy(segments().get(0), folder.resolve("capture.jrn"));
        assertThatThrownBy(() -> MarketBuilder.framesOf(renamed))
                .isInstanceOf(CaptureException.class)
                .hasMessage("segment has no base position in its name: file=" + renamed
                        + " (expected: 20 digits and .jrn)");
    }

    private List<Path> segments() {
        try (Stream<Path> files = Files.list(journal)) {
            return files.filter(file -> file.toString().endsWith(".jrn"))
                    .sorted()
                    .filter(file -> !MarketBuilder.framesOf(file).isEmpty())
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
