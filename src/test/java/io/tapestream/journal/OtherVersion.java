package io.tapestream.journal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.CRC32C;

/** Files of a journal as another version of the program would have left them: whole, with another version in them. */
public final class OtherVersion {
    private static final int VERSION_AT = 8;
    private static final int SEGMENT_CHECKSUM_AT = 48;
    private static final int CHECKPOINT_CHECKSUM_AT = 12;

    private OtherVersion() {}

    /** Gives a segment another format version. */
    public static void ofSegment(Path segment, int version) throws IOException {
        byte[] bytes = Files.readAllBytes(segment);
        put(bytes, SegmentHeader.LENGTH, SEGMENT_CHECKSUM_AT, version);
        Files.write(segment, bytes);
    }

    /** Gives a checkpoint another format version, and something after what this one has. */
    public static void ofCheckpoint(Path checkpoint, int version) throws IOException {
        byte[] bytes = Files.readAllBytes(checkpoint);
        bytes = Arrays.copyOf(bytes, bytes.length + Long.BYTES);
        put(bytes, bytes.length, CHECKPOINT_CHECKSUM_AT, version);
        Files.write(checkpoint, bytes);
    }

    private static void put(byte[] bytes, int length, int checksumAt, int version) {
        ByteBuffer file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putInt(VERSION_AT, version);
        CRC32C crc = new CRC32C();
        crc.update(bytes, 0, checksumAt);
        crc.update(bytes, checksumAt + Integer.BYTES, length - checksumAt - Integer.BYTES);
        file.putInt(checksumAt, (int) crc.getValue());
    }
}
