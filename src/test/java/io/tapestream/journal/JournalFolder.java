package io.tapestream.journal;

import com.codahale.metrics.MetricRegistry;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/** A journal's folder in a test, with a clock that stands still and small segments. */
final class JournalFolder {
    static final byte[] SETTINGS_JSON = "{\"feed\":\"finnhub\",\"redelivered_frames\":\"drop\",\"symbols\":[\"AAPL\"]}"
            .getBytes(StandardCharsets.UTF_8);
    static final long NOW = 1_680_264_000_000L;

    final Path directory;
    final MetricRegistry metrics = new MetricRegistry();
    int segmentLength = 8192;
    int maxEntryLength = 1024;
    long maxBytes = 1 << 20;
    long retainBytes = 1 << 20;
    Duration retainFor = Duration.ofDays(2);
    long nowMillis = NOW;

    JournalFolder(Path directory) {
        this.directory = directory;
    }

    JournalSettings settings() {
        return settings("local", "finnhub", "stream-finnhub");
    }

    JournalSettings settings(String environment, String feed, String stream) {
        return new JournalSettings(
                directory,
                environment,
                feed,
                stream,
                segmentLength,
                maxEntryLength,
                maxBytes,
                retainBytes,
                retainFor,
                Duration.ofSeconds(1));
    }

    Journal open() {
        return Journal.open(settings(), () -> Instant.ofEpochMilli(nowMillis), metrics);
    }

    Path segment(long base) {
        return SegmentFile.pathOf(directory, base);
    }

    /** Appends a frame, and lets the keeper do its work where the appender asks for room. */
    static void append(Journal journal, String frame) {
        if (!journal.appender().append(EntryType.FRAME, utf8(frame), NOW)) {
            journal.maintain(0, false);
        }
    }

    static ByteBuffer utf8(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    }

    static String text(JournalReader reader) {
        byte[] bytes = new byte[reader.frame().length()];
        reader.frame().buffer().get(reader.frame().offset(), bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    /** The payloads of all entries of a type from {@code position} on. */
    static List<String> payloads(Journal journal, EntryType type, long position) {
        List<String> payloads = new ArrayList<>();
        try (JournalReader reader = journal.reader(position)) {
            while (reader.next()) {
                if (reader.type() == type) {
                    payloads.add(text(reader));
                }
            }
        }
        return payloads;
    }

    static List<String> frames(Journal journal) {
        return payloads(journal, EntryType.FRAME, journal.startPosition());
    }

    /** What a reader of another process finds. */
    List<String> framesSeenFromOutside() {
        try (Journal outside = Journal.openReadOnly(directory)) {
            return frames(outside);
        }
    }
}
