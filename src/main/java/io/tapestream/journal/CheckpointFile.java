package io.tapestream.journal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.zip.CRC32C;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The file that holds the checkpoint, little-endian.
 *
 * <pre>
 *   0           8         12     16         24
 *   +-----------+---------+------+----------+
 *   | "TAPECKP" | version | CRC  | position |
 *   +-----------+---------+------+----------+
 * </pre>
 */
final class CheckpointFile {
    /** What is read where there is no checkpoint that can be trusted: then everything retained is read again. */
    static final long NONE = 0;

    private static final Logger log = LoggerFactory.getLogger(CheckpointFile.class);

    private static final int LENGTH = 24;
    private static final long MAGIC = 0x00504b4345504154L; // "TAPECKP" and a zero byte
    private static final int VERSION = 1;
    private static final int VERSION_AT = 8;
    private static final int CHECKSUM_AT = 12;
    private static final int POSITION_AT = 16;

    private final Path path;

    CheckpointFile(Path directory) {
        path = directory.resolve("checkpoint");
    }

    /**
     * The position in the file; {@link #NONE} where it is missing or cannot be trusted.
     *
     * <p>Magic, version and checksum lie in every version where they are now, so that a newer file is told from a
     * damaged one.
     *
     * @throws JournalMismatchException it is whole, and of a format version that this program does not know
     */
    long read() {
        byte[] bytes;
        try {
            bytes = Files.readAllBytes(path);
        } catch (NoSuchFileException e) {
            return NONE;
        } catch (IOException e) {
            throw Disk.failed("checkpoint cannot be read", path, e);
        }
        ByteBuffer content = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        if (isWhole(content)) {
            if (content.getInt(VERSION_AT) != VERSION) {
                throw FormatVersion.unknown(
                        "checkpoint",
                        path,
                        content.getInt(VERSION_AT),
                        "delete this file: everything that is retained is published again");
            }
            if (bytes.length == LENGTH && content.getLong(POSITION_AT) >= 0) {
                return content.getLong(POSITION_AT);
            }
        }
        log.warn(
                "checkpoint unreadable path={} length={} (everything that is retained is published again)",
                path,
                bytes.length);
        return NONE;
    }

    /** Replaces the file; the journal has been forced up to {@code position}. */
    void write(long position) {
        ByteBuffer content = ByteBuffer.allocate(LENGTH).order(ByteOrder.LITTLE_ENDIAN);
        content.putLong(0, MAGIC);
        content.putInt(VERSION_AT, VERSION);
        content.putLong(POSITION_AT, position);
        content.putInt(CHECKSUM_AT, checksum(content));
        try {
            Disk.replace(path, content);
        } catch (IOException e) {
            throw Disk.failed("checkpoint cannot be written", path, e);
        }
    }

    private static boolean isWhole(ByteBuffer content) {
        return content.capacity() >= LENGTH
                && content.getLong(0) == MAGIC
                && content.getInt(CHECKSUM_AT) == checksum(content);
    }

    private static int checksum(ByteBuffer content) {
        CRC32C crc = new CRC32C();
        ByteBuffer bytes = content.duplicate().clear();
        crc.update(bytes.limit(CHECKSUM_AT));
        crc.update(bytes.limit(bytes.capacity()).position(POSITION_AT));
        return (int) crc.getValue();
    }
}
