package io.tapestream.journal;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * Whose journal it is: the three names in the header of every segment.
 *
 * @param environment name of the environment
 * @param feed name of the feed, which is part of every trade's identity
 * @param stream name of the stream that the trades are put to
 */
record JournalOwner(String environment, String feed, String stream) {
    private static final int NAMES_LENGTH = 450;

    JournalOwner {
        int length = utf8Length(environment) + utf8Length(feed) + utf8Length(stream);
        if (length > NAMES_LENGTH) {
            throw new IllegalArgumentException("names too long for a journal's header: environment=" + environment
                    + " feed=" + feed + " stream=" + stream + " length=" + length + " (expected: at most "
                    + NAMES_LENGTH + " bytes)");
        }
    }

    private static int utf8Length(String name) {
        return name.getBytes(StandardCharsets.UTF_8).length;
    }

    /** Refuses a segment of another owner. */
    void check(JournalOwner found, Path segment) {
        check("environment", environment, found.environment, segment);
        check("feed", feed, found.feed, segment);
        check("stream", stream, found.stream, segment);
    }

    private static void check(String what, String expected, String found, Path segment) {
        if (!found.equals(expected)) {
            throw new JournalMismatchException("journal belongs to another " + what + ": path=" + segment + " " + what
                    + "=" + found + " expected=" + expected + " (set the " + what
                    + " back, or set journal.directory to another folder to begin a new journal)");
        }
    }
}
