package io.tapestream.journal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Keeps a second writer off a journal: a lock on the file {@code lock}, which holds the writer's process id. */
final class JournalLock implements AutoCloseable {
    // A second channel on the same file must not even be opened: closing it would release the lock of this process.
    private static final Set<Path> HELD_HERE = ConcurrentHashMap.newKeySet();

    private final Path path;
    private final FileChannel channel;

    private JournalLock(Path path, FileChannel channel) {
        this.path = path;
        this.channel = channel;
    }

    /**
     * Takes the lock of the journal in {@code directory}.
     *
     * @throws JournalLockedException somebody else holds it
     */
    static JournalLock take(Path directory) throws IOException {
        Path path = directory.toRealPath().resolve("lock");
        if (!HELD_HERE.add(path)) {
            throw locked(path, Long.toString(ProcessHandle.current().pid()));
        }
        try {
            return new JournalLock(path, lock(path));
        } catch (IOException | RuntimeException e) {
            HELD_HERE.remove(path);
            throw e;
        }
    }

    /** Whether a process that took the lock of the journal in {@code directory} still lives. */
    static boolean isHeld(Path directory) throws IOException {
        Path path = directory.toRealPath().resolve("lock");
        if (HELD_HERE.contains(path)) {
            return true;
        }
        String pid = Files.exists(path) ? Files.readString(path).strip() : "";
        if (!pid.matches("\\d{1,18}")
                || Long.parseLong(pid) == ProcessHandle.current().pid()) {
            return false;
        }
        return ProcessHandle.of(Long.parseLong(pid)).map(ProcessHandle::isAlive).orElse(false);
    }

    private static FileChannel lock(Path path) throws IOException {
        FileChannel channel = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        try {
            FileLock lock = channel.tryLock();
            if (lock == null) {
                throw locked(path, Files.readString(path).strip());
            }
            channel.truncate(0);
            String pid = ProcessHandle.current().pid() + "\n";
            channel.write(ByteBuffer.wrap(pid.getBytes(StandardCharsets.US_ASCII)), 0);
            return channel;
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    private static JournalLockedException locked(Path path, String pid) {
        return new JournalLockedException("journal has another writer: path=" + path + " pid=" + pid
                + " (stop that process, or set journal.directory to another folder)");
    }

    @Override
    public void close() throws IOException {
        channel.close();
        HELD_HERE.remove(path);
    }
}
