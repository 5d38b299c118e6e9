package io.tapestream;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.tapestream.frame.FrameHandler;
import io.tapestream.frame.SessionHandler;
import io.tapestream.journal.EntryType;
import io.tapestream.journal.JournalAppender;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.Map;

/** Appends all that the feed says to the journal, and wakes who reads it. Confined to the feed's event loop. */
final class JournalingHandler implements FrameHandler, SessionHandler {
    private final JournalAppender appender;
    private final boolean keepsRedelivered;
    private final byte[] sessionSettings;
    private final Runnable onAppended;
    private final Runnable onNoRoom;

    /**
     * Creates a handler.
     *
     * @param onAppended wakes the publisher
     * @param onNoRoom asks the keeper to prepare a segment and then to resume the feed
     */
    JournalingHandler(JournalAppender appender, Settings settings, Runnable onAppended, Runnable onNoRoom) {
        this.appender = appender;
        this.keepsRedelivered = settings.keepRedelivered();
        this.sessionSettings = sessionSettings(settings);
        this.onAppended = onAppended;
        this.onNoRoom = onNoRoom;
    }

    private static byte[] sessionSettings(Settings settings) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("feed", settings.record().feed());
        json.put("redelivered_frames", settings.keepRedelivered() ? "keep" : "drop");
        json.put("symbols", settings.feed().symbols());
        try {
            return new ObjectMapper().writeValueAsBytes(json);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("texts and lists are always JSON", e);
        }
    }

    @Override
    public void onSessionOpened(long openedAtMillis) {
        appender.openSession(keepsRedelivered, sessionSettings, openedAtMillis);
    }

    @Override
    public void onSubscription(String symbol, boolean subscribed, long atMillis) {
        append(subscribed ? EntryType.SUBSCRIBED : EntryType.UNSUBSCRIBED, symbol, atMillis);
    }

    @Override
    public boolean onFrame(ByteBuffer payload, long receivedAtMillis) {
        boolean hasRoom = appender.append(EntryType.FRAME, payload, receivedAtMillis);
        onAppended.run();
        if (!hasRoom) {
            onNoRoom.run();
        }
        return hasRoom;
    }

    @Override
    public void onSessionClosed(String reason, long closedAtMillis) {
        append(EntryType.SESSION_CLOSED, reason, closedAtMillis);
    }

    private void append(EntryType type, String text, long atMillis) {
        appender.append(type, ByteBuffer.wrap(text.getBytes(UTF_8)), atMillis);
        onAppended.run();
    }
}
