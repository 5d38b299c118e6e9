package io.tapestream.journal;

/** What a journal entry tells. The codes are part of the file format (docs/JOURNAL.md). */
public enum EntryType {
    /** A session began; payload: its settings as JSON. */
    SESSION_OPENED(1),
    /** A symbol was subscribed; payload: the symbol. */
    SUBSCRIBED(2),
    /** A symbol was unsubscribed; payload: the symbol. */
    UNSUBSCRIBED(3),
    /** A message was received; payload: the message. */
    FRAME(4),
    /** A session ended; payload: the reason. */
    SESSION_CLOSED(5);

    private final int code;

    EntryType(int code) {
        this.code = code;
    }

    /** The code in the file. */
    public int code() {
        return code;
    }
}
