package io.tapestream.journal;

import com.codahale.metrics.MetricRegistry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;

/**
 * Writes a golden journal: small, the same bytes at each run, with all that an older journal may hold. Each format
 * version's is kept in {@code src/test/resources/journals/v<version>/journal}, written once by the first code that
 * wrote that version, so this class keeps to what the journal could do from its beginning.
 */
final class GoldenJournalWriter {
    static final int SEGMENT_LENGTH = 8192;

    private static final long BEGIN = 1_680_286_500_000L;
    private static final byte[] DROP = settings("drop");
    private static final byte[] KEEP = settings("keep");
    private static final int FRAMES = 110;
    private static final int ACKNOWLEDGED_FRAMES = 70;

    private final Journal journal;
    private long now = BEGIN;

    private GoldenJournalWriter(Path directory) {
        JournalSettings settings = new JournalSettings(
                directory,
                "test",
                "finnhub",
                "stream-finnhub",
                SEGMENT_LENGTH,
                1024,
                1 << 20,
                1 << 20,
                Duration.ofDays(2),
                Duration.ofSeconds(1));
        journal = Journal.open(settings, () -> Instant.ofEpochMilli(now), new MetricRegistry());
    }

    /** Writes the journal into a new folder. */
    public static void main(String... arguments) throws IOException {
        write(Files.createDirectories(Path.of(arguments[0])));
    }

    /** Writes the journal into an empty folder; its lock file is not part of it. */
    static void write(Path directory) throws IOException {
        GoldenJournalWriter writer = new GoldenJournalWriter(directory);
        writer.sessionThatIsClosed();
        writer.sessionThatKeepsRedelivered();
        writer.sessionWhoseProcessEnds();
        writer.journal.close();
        Files.delete(directory.resolve("lock"));
    }

    /** Frames over several segments, some of them with trades that repeat, and the checkpoint amid them. */
    private void sessionThatIsClosed() {
        journal.appender().openSession(false, DROP, now);
        append(EntryType.SUBSCRIBED, "AAPL");
        for (int i = 0; i < FRAMES; i++) {
            append(EntryType.FRAME, trades(i));
            if (i % 7 == 6) {
                append(EntryType.FRAME, trades(i - 3)); // delivered again as it was
            }
            if (i == ACKNOWLEDGED_FRAMES) {
                journal.maintain(journal.endPosition(), true);
            }
        }
        append(EntryType.FRAME, "{\"type\":\"ping\"}");
        append(EntryType.FRAME, "{\"data\":[");
        append(EntryType.UNSUBSCRIBED, "AAPL");
        append(EntryType.SESSION_CLOSED, "closed 1001 server restart");
    }

    private void sessionThatKeepsRedelivered() {
        now += 2000;
        journal.appender().openSession(true, KEEP, now);
        append(EntryType.FRAME, trades(FRAMES));
        append(EntryType.FRAME, trades(FRAMES));
        append(EntryType.SESSION_CLOSED, "silent");
    }

    private void sessionWhoseProcessEnds() {
        now += 3000;
        journal.appender().openSession(false, DROP, now);
        append(EntryType.FRAME, trades(FRAMES + 1));
    }

    /** A frame whose second trade repeats in the next one, whose fourth is not right, and whose others are its own. */
    private static String trades(int i) {
        long at = BEGIN + i * 10L;
        return "{\"data\":["
                + trade("[\"1\",\"12\"]", "164.0601", at, "5") + ","
                + trade("null", "164.1", BEGIN + i / 2 * 20L, "1e2") + ","
                + trade("[]", "164.10", at, "0") + ","
                + trade("null", "0", at, "1")
                + "],\"type\":\"trade\"}";
    }

    private static String trade(String conditions, String price, long at, String volume) {
        return "{\"c\":" + conditions + ",\"p\":" + price + ",\"s\":\"AAPL\",\"t\":" + at + ",\"v\":" + volume + "}";
    }

    private void append(EntryType type, String payload) {
        now += 10;
        journal.appender().append(type, ByteBuffer.wrap(payload.getBytes(StandardCharsets.UTF_8)), now);
        journal.maintain(0, false);
    }

    private static byte[] settings(String redelivered) {
        String json = "{\"feed\":\"finnhub\",\"redelivered_frames\":\"" + redelivered + "\",\"symbols\":[\"AAPL\"]}";
        return json.getBytes(StandardCharsets.UTF_8);
    }
}
