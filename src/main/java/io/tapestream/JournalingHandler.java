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
import java.util.function.Consumer;

/** Appends all that the feed says to the journal, and wakes who reads it. Confined to the feed's event loop. */
final class JournalingHandler implements FrameHandler, SessionHandler {
    private final JournalAppender appender;
    private final boolean keepsRedelivered;
    private final byte[] sessionSettings;
    private final Runnable onAppended;
    private final Runnable onNoRoom;
    private final Consumer<Throwable> onFailure;

    /**
     * Creates a handler.
     *
     * @param onAppended wakes the publisher
     * @param onNoRoom asks the keeper to prepare a segment and then to resume the feed
     * @param onFailure ends the process: what cannot be appended must not be received
     */
    JournalingHandler(
            JournalAppender appender,
            Settings settings,
            Runnable onAppended,
            Runnable onNoRoom,
            Consumer<Throwable> onFailure) {
        this.appender = appender;
        this.keepsRedelivered = settings.keepRedelivered();
        this.sessionSettings = sessionSettings(settings);
        this.onAppended = onAppended;
        this.onNoRoom = onNoRoom;
        this.onFailure = onFailure;
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
        try {
            appender.openSession(keepsRedelivered, sessionSettings, openedAtMillis);
        } catch (RuntimeException | Error e) {
            onFailure.accept(e);
            throw e;
        }
    }

    @Override
    public void onSubscription(String symbol, boolean subscribed, long atMillis) {
        append(subscribed ? EntryType.SUBSCRIBED : EntryType.UNSUBSCRIBED, symbol, atMillis);
    }

    @Override
    public boolean onFrame(ByteBuffer payload, long receivedAtMillis) {
        boolean hasRoom = append(EntryType.FRAME, payload, receivedAtMillis);
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
        append(type, ByteBuffer.wrap(text.getBytes(UTF_8)), atMillis);
    }

    private boolean append(EntryType type, ByteBuffer payload, long atMillis) {
        try {
            boolean hasRoom = appender.append(type, payload, atMillis);
            onAppended.run();
            return hasRoom;
        } catch (RuntimeException | Error e) {
            onFailure.accept(e);
            throw e;
        }
    }
}
