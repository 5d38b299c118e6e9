package io.tapestream.journal;

import io.tapestream.frame.Frame;
import java.nio.charset.StandardCharsets;
import java.util.OptionalLong;
import java.util.function.Consumer;

/** Lists the gaps in a journal's coverage: between sessions, and where entries are damaged. */
public final class Coverage {
    /** Reason of a gap after a session that was not closed. */
    public static final String PROCESS_ENDED = "process ended";

    /** Reason of a gap where entries are damaged. */
    public static final String CORRUPT = "corrupt";

    private final JournalReader reader;
    private final Consumer<Gap> gaps;

    private long session;
    private boolean isClosed;
    private String reason = PROCESS_ENDED;
    private String settings = "";
    private long lastMillis;
    private long endPosition;
    private long holeBytes;

    private Coverage(JournalReader reader, Consumer<Gap> gaps) {
        this.reader = reader;
        this.gaps = gaps;
        this.endPosition = reader.nextPosition();
    }

    /**
     * Hands over the gaps from the reader's position to the end of the journal, in order. The last one may still last:
     * its session has been closed, or its process has ended, and no other was opened.
     *
     * @param isWritten whether the journal's writer lives, so that a session that was not closed may still go on
     */
    public static void list(JournalReader reader, boolean isWritten, Consumer<Gap> gaps) {
        new Coverage(reader, gaps).list(isWritten);
    }

    private void list(boolean isWritten) {
        while (reader.next()) {
            onEntry(reader.frame());
        }
        if (isClosed || (session != 0 && !isWritten)) {
            gaps.accept(new Gap(endPosition, endPosition, lastMillis, OptionalLong.empty(), reason, settings));
        }
    }

    private void onEntry(Frame entry) {
        boolean isFirst = session == 0;
        if (isFirst) {
            lastMillis = entry.receivedAtMillis();
        }
        if (reader.holeBytes() > holeBytes) {
            gap(entry, CORRUPT);
        }
        if (!isFirst && entry.session() != session) {
            gap(entry, reason);
        }
        if (entry.session() != session) {
            session = entry.session();
            reason = PROCESS_ENDED;
            settings = "";
            isClosed = false;
        }
        if (reader.type() == EntryType.SESSION_OPENED) {
            settings = text(entry);
        }
        if (reader.type() == EntryType.SESSION_CLOSED) {
            reason = text(entry);
            isClosed = true;
        }
        holeBytes = reader.holeBytes();
        lastMillis = entry.receivedAtMillis();
        endPosition = reader.nextPosition();
    }

    private void gap(Frame next, String why) {
        gaps.accept(new Gap(
                endPosition, reader.position(), lastMillis, OptionalLong.of(next.receivedAtMillis()), why, settings));
    }

    private static String text(Frame entry) {
        byte[] bytes = new byte[entry.length()];
        entry.buffer().get(entry.offset(), bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }
}
