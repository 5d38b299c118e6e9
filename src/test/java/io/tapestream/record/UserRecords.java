package io.tapestream.record;

import com.codahale.metrics.Counter;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Makes user records for tests of what takes them. */
public final class UserRecords {
    private UserRecords() {}

    /** A record of the given text, as one line. */
    public static UserRecord of(String line, int bucket, long receivedAtMillis) {
        byte[] bytes = (line + "\n").getBytes(StandardCharsets.UTF_8);
        BufferPool pool = new BufferPool(Math.max(1 << 15, bytes.length), 0, new Counter());
        UserRecord userRecord = new UserRecord(pool, Integer.toString(bucket), Integer.toString(bucket));
        byte[] room = userRecord.room(bytes.length);
        System.arraycopy(bytes, 0, room, userRecord.length(), bytes.length);
        userRecord.add(bytes.length, receivedAtMillis);
        return userRecord;
    }

    /** What the packer makes of the messages of a capture in conf/captures, handed out after every so many. */
    public static List<UserRecord> ofCapture(String name, int messagesAtOnce) {
        PackedFrames frames = new PackedFrames();
        List<String> messages = PackedFrames.captured(name);
        for (int from = 0; from < messages.size(); from += messagesAtOnce) {
            frames.feed(messages.subList(from, Math.min(from + messagesAtOnce, messages.size())));
            frames.packer.flush();
        }
        return List.copyOf(frames.userRecords);
    }

    /** Whether the record's memory was given back. */
    public static boolean isReleased(UserRecord userRecord) {
        try {
            userRecord.capacity();
            return false;
        } catch (IllegalStateException e) {
            return true;
        }
    }
}
