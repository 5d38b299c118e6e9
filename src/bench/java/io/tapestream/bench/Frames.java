package io.tapestream.bench;

import io.tapestream.frame.Frame;
import io.tapestream.frame.FrameWalker;
import io.tapestream.journal.EntryType;
import io.tapestream.journal.Journal;
import io.tapestream.journal.JournalReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The first frames of a load, as a WebSocket client hands them out: texts, in memory before anything is measured. */
final class Frames {
    /** A frame and when it was received. */
    record Text(String text, long receivedAtMillis) {}

    private final List<Text> texts = new ArrayList<>();
    private int trades;

    /** Reads frames until they have this many trades, or the journal ends. */
    static Frames read(Path journalFolder, int leastTrades) {
        Frames frames = new Frames();
        FrameWalker walker = new FrameWalker();
        try (Journal journal = Journal.openReadOnly(journalFolder);
                JournalReader reader = journal.reader(journal.startPosition())) {
            while (frames.trades < leastTrades && reader.next()) {
                if (reader.type() == EntryType.FRAME) {
                    frames.add(reader.frame(), walker);
                }
            }
        }
        return frames;
    }

    private void add(Frame frame, FrameWalker walker) {
        walker.walk(frame.buffer(), frame.offset(), frame.length());
        trades += walker.tradeCount();
        byte[] bytes = new byte[frame.length()];
        frame.buffer().get(frame.offset(), bytes);
        texts.add(new Text(new String(bytes, StandardCharsets.UTF_8), frame.receivedAtMillis()));
    }

    List<Text> texts() {
        return texts;
    }

    int trades() {
        return trades;
    }
}
