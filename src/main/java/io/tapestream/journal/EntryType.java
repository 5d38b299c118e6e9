package io.tapestream.journal;

import org.jspecify.annotations.Nullable;

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

    private static final EntryType[] BY_CODE = new EntryType[6];

    static {
        for (EntryType type : values()) {
            BY_CODE[type.code] = type;
        }
    }

    private final int code;

    EntryType(int code) {
        this.code = code;
    }

    /** The code in the file. */
    public int code() {
        return code;
    }

    /** The type with this code; null where there is none. */
    static @Nullable EntryType ofCode(int code) {
        return code >= 0 && code < BY_CODE.length ? BY_CODE[code] : null;
    }
}
