package io.tapestream.feed;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** A process of its own that takes the lock of a key, says so, and keeps it until its standard input ends. */
final class KeyHolder {
    private KeyHolder() {}

    /** Takes the folder of the locks as its argument, and the key from its standard input. */
    public static void main(String[] arguments) throws IOException {
        byte[] key = System.in.readNBytes(FeedRig.KEY_TEXT.length());
        try (KeyLock lock =
                KeyLock.take(Path.of(arguments[0]), ApiKey.of(new String(key, StandardCharsets.US_ASCII)))) {
            System.out.println("held " + (lock != null));
            while (System.in.read() >= 0) {
                // until it ends
            }
        } catch (KeyInUseException e) {
            System.out.println(e.getMessage());
        }
    }
}
