package io.tapestream.journal;

import com.codahale.metrics.Counter;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Appends entries at the end of the journal. Confined to the event loop; never waits, and touches no file: it goes on
 * in a segment that the keeper has prepared and mapped.
 *
 * <p>It says that there is no room while the last bytes of a segment are still free and no next one is prepared, so
 * that the entries which close a session fit always.
 */
public final class JournalAppender {
    private static final int MAX_CLOSING_RESERVE = 16 * 1024;

    private final JournalOwner owner;
    private final int maxEntryLength;
    private final Segments segments;
    private final Counter roomWaits;
    private final EntryChecksum checksum = new EntryChecksum();
    private final AtomicReference<@Nullable PreparedSegment> spare = new AtomicReference<>();

    private volatile Segment current;
    private ByteBuffer view;
    private int offset;
    private long lastSession;
    private long session;
    private byte flags;
    private boolean isWaiting;

    /** Goes on after the last entry of the recovered journal. */
    JournalAppender(JournalSettings settings, Segments segments, RecoveredEnd end, Counter roomWaits) {
        this.owner = settings.owner();
        this.maxEntryLength = settings.maxEntryLength();
        this.segments = segments;
        this.current = end.segment();
        this.view = end.view();
        this.offset = end.segment().limit();
        this.lastSession = end.lastSession();
        this.roomWaits = roomWaits;
    }

    /** How many bytes of a segment are kept for closing entries while no next one is prepared. */
    static int closingReserve(int segmentLength) {
        return Math.min(MAX_CLOSING_RESERVE, segmentLength / 16);
    }

    /** Begins a session and appends its first entry; returns the session's number. */
    public long openSession(boolean keepsRedelivered, byte[] settingsJson, long atMillis) {
        if (session != 0) {
            throw new IllegalStateException("session already open: session=" + session
                    + " (append its session-closed entry before the next is opened)");
        }
        session = lastSession + 1;
        lastSession = session;
        flags = (byte) (keepsRedelivered ? EntryLayout.KEEPS_REDELIVERED : 0);
        append(EntryType.SESSION_OPENED, ByteBuffer.wrap(settingsJson), atMillis);
        return session;
    }

    /**
     * Appends an entry of the open session; room for it is certain as long as the caller obeys the answers. The payload
     * lies between position and limit, which stay as they are.
     *
     * @return whether another entry of the longest allowed payload would fit now; if not, stop until
     *     {@link #hasRoom()}. Closing entries fit always
     */
    public boolean append(EntryType type, ByteBuffer payload, long receivedAtMillis) {
        if (session == 0) {
            throw new IllegalStateException("no session open: type=" + type + " (open one before its entries)");
        }
        int length = EntryLayout.PAYLOAD + payload.remaining();
        if (payload.remaining() > maxEntryLength) {
            throw new IllegalArgumentException("entry too long: type=" + type + " length=" + payload.remaining()
                    + " (expected: at most " + maxEntryLength + ")");
        }
        if (EntryLayout.aligned(length) > view.capacity() - offset) {
            roll(receivedAtMillis);
        }
        write(type, payload, length, receivedAtMillis);
        if (type == EntryType.SESSION_CLOSED) {
            session = 0;
            flags = 0;
        }
        return countWait(hasRoom());
    }

    /**
     * Whether an entry of the longest allowed payload fits now; true again once the keeper has prepared a segment. Any
     * thread.
     */
    public boolean hasRoom() {
        if (spare.get() != null) {
            return true;
        }
        Segment segment = current;
        int left = segment.length() - segment.limit() - closingReserve(segment.length());
        return left >= EntryLayout.aligned(EntryLayout.PAYLOAD + maxEntryLength);
    }

    /** The segment that is appended to; any thread. */
    Segment current() {
        return current;
    }

    /** Whether the next segment has been taken; any thread. */
    boolean needsSpare() {
        return spare.get() == null;
    }

    /** Hands over the next segment: mapped, zero, and held by the keeper until the appender has left it. */
    void prepared(PreparedSegment next) {
        spare.set(next);
    }

    /** Lets go of the mapped bytes: an append that comes too late fails, where it would else bring the process down. */
    void close() {
        view = ByteBuffer.allocate(0);
        spare.set(null);
    }

    private void roll(long atMillis) {
        PreparedSegment prepared = spare.get();
        if (prepared == null) {
            throw new IllegalStateException("journal has no room: segment=" + current.path() + " offset=" + offset
                    + " (append only while hasRoom answers true)");
        }
        Segment next = prepared.segment();
        prepared.begin(owner, atMillis, session, flags);
        view = prepared.view();
        offset = SegmentHeader.LENGTH;
        segments.add(next);
        current = next;
        spare.set(null);
    }

    private void write(EntryType type, ByteBuffer payload, int length, long receivedAtMillis) {
        // One word: the bytes between flags and session are zero.
        long kind = type.code() | ((long) flags << (Byte.SIZE * (EntryLayout.FLAGS - EntryLayout.TYPE)));
        int crc = checksum.of(current.base() + offset, kind, session, receivedAtMillis, payload);
        view.putLong(offset + EntryLayout.TYPE, kind);
        view.putLong(offset + EntryLayout.SESSION, session);
        view.putLong(offset + EntryLayout.RECEIVED_AT, receivedAtMillis);
        view.put(offset + EntryLayout.PAYLOAD, payload, payload.position(), payload.remaining());
        EntryCursor.WORD.setRelease(view, offset, (long) crc << Integer.SIZE | length);
        VarHandle.releaseFence();
        offset += EntryLayout.aligned(length);
        current.publish(offset);
    }

    private boolean countWait(boolean hasRoom) {
        if (!hasRoom && !isWaiting) {
            roomWaits.inc();
        }
        isWaiting = !hasRoom;
        return hasRoom;
    }
}
