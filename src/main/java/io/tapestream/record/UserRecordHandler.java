package io.tapestream.record;

/** Takes packed user records. */
@FunctionalInterface
public interface UserRecordHandler {
    /** Takes a record, which is the handler's until it releases it. */
    void onUserRecord(UserRecord userRecord);
}
