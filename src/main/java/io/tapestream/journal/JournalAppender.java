package io.tapestream.journal;

import java.nio.ByteBuffer;

/** Appends entries at the end of the journal. Confined to the event loop; never waits. */
public final class JournalAppender {
    JournalAppender() {}

    /** Begins a session and appends its first entry; returns the session's number. */
    public long openSession(boolean keepsRedelivered, byte[] settingsJson, long atMillis) {
        throw new UnsupportedOperationException("openSession");
    }

    /**
     * Appends an entry of the open session; room for it is certain as long as the caller obeys the answers.
     *
     * @return whether another entry of the longest allowed payload would fit now; if not, stop until
     *     {@link #hasRoom()}. Closing entries fit always
     */
    public boolean append(EntryType type, ByteBuffer payload, long receivedAtMillis) {
        throw new UnsupportedOperationException("append");
    }

    /**
     * Whether an entry of the longest allowed payload fits now; true again once the keeper has prepared a segment. Any
     * thread.
     */
    public boolean hasRoom() {
        throw new UnsupportedOperationException("hasRoom");
    }
}
