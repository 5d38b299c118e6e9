package io.tapestream.feed;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The right to use a key on this host: a lock on a file that is named by the key's fingerprint and tells its holder's
 * process id. The system frees it when the holder dies, however it dies; the file stays.
 *
 * <p>The folder is for all users of the host, as /tmp is.
 */
final class KeyLock implements AutoCloseable {
    private static final int MODE_FOR_ALL_STICKY = 01777;
    private static final int MAX_PID_LENGTH = 20;
    private static final int ATTEMPTS = 10;

    /**
     * What this process holds. The system's lock cannot tell: it belongs to the process, and is lost when any channel
     * on the file is closed.
     */
    private static final Set<Path> HELD_HERE = ConcurrentHashMap.newKeySet();

    private final Path file;
    private final FileChannel channel;

    private KeyLock(Path file, FileChannel channel) {
        this.file = file;
        this.channel = channel;
    }

    /** Takes the lock, or tells who has it. */
    static KeyLock take(Path directory, ApiKey key) {
        Path file = directory.resolve(key.fingerprint() + ".lock");
        try {
            createDirectory(directory);
            return takeHere(directory.toRealPath().resolve(file.getFileName()));
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "lock of the api key cannot be taken: file=" + file
                            + " (every user who runs a feed on this host has to be able to write it; see"
                            + " feed.key-lock-directory)",
                    e);
        }
    }

    private static KeyLock takeHere(Path file) throws IOException {
        if (!HELD_HERE.add(file)) {
            throw inUse(Long.toString(ProcessHandle.current().pid()), file);
        }
        boolean isTaken = false;
        try {
            KeyLock lock = new KeyLock(file, lockedChannel(file));
            isTaken = true;
            return lock;
        } finally {
            if (!isTaken) {
                HELD_HERE.remove(file);
            }
        }
    }

    private static FileChannel lockedChannel(Path file) throws IOException {
        FileChannel channel = openFile(file);
        boolean isLocked = false;
        try {
            isLocked = channel.tryLock() != null;
            if (!isLocked) {
                throw inUse(readPid(channel), file);
            }
            byte[] pid = (ProcessHandle.current().pid() + "\n").getBytes(StandardCharsets.US_ASCII);
            channel.truncate(0).write(ByteBuffer.wrap(pid), 0);
            return channel;
        } finally {
            if (!isLocked) {
                channel.close();
            }
        }
    }

    private static KeyInUseException inUse(String pid, Path file) {
        return new KeyInUseException("api key is in use on this host: pid=" + pid + " lock=" + file
                + " (a second connection would make the venue drop both; stop that process or use another key)");
    }

    private static void createDirectory(Path directory) throws IOException {
        if (Files.isDirectory(directory)) {
            return;
        }
        Path parent = directory.toAbsolutePath().getParent();
        if (parent != null) {
            Files.createDirectories(parent);
        }
        try {
            Files.createDirectory(directory);
            Files.setAttribute(directory, "unix:mode", MODE_FOR_ALL_STICKY); // the umask had its say before
        } catch (FileAlreadyExistsException e) {
            if (!Files.isDirectory(directory)) {
                throw e;
            }
        }
    }

    /**
     * Opens the file, creating it only if it is not there: Linux refuses to create over another user's file in a sticky
     * folder (fs.protected_regular), even where it may be written.
     */
    private static FileChannel openFile(Path file) throws IOException {
        for (int attempt = 1; ; attempt++) {
            try {
                return FileChannel.open(
                        file, StandardOpenOption.READ, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS);
            } catch (NoSuchFileException e) {
                if (attempt == ATTEMPTS) {
                    throw e;
                }
            }
            try {
                FileChannel created = FileChannel.open(
                        file, StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW);
                Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-rw-rw-"));
                return created;
            } catch (FileAlreadyExistsException e) {
                // somebody was faster: open theirs
            }
        }
    }

    private static String readPid(FileChannel channel) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(MAX_PID_LENGTH);
        channel.read(bytes, 0);
        String pid = StandardCharsets.US_ASCII.decode(bytes.flip()).toString().strip();
        return pid.matches("\\d+") ? pid : "unknown";
    }

    @Override
    public synchronized void close() {
        if (!channel.isOpen()) {
            return;
        }
        try {
            channel.close();
        } catch (IOException e) {
            throw new UncheckedIOException("lock of the api key cannot be closed: file=" + file, e);
        } finally {
            HELD_HERE.remove(file);
        }
    }
}
