package io.tapestream.record;

import static org.assertj.core.api.Assertions.assertThat;

import com.codahale.metrics.MetricRegistry;
import com.sun.management.ThreadMXBean;
import io.tapestream.frame.Frame;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class RecordPackerAllocationTest {
    private static final int PASSES = 200;

    private static final int BYTES_OF_A_USER_RECORD = 48;

    private final MetricRegistry metrics = new MetricRegistry();
    private final Frame frame = new Frame();
    private final RecordPacker packer =
            new RecordPacker(new RecordSettings("finnhub", PackedFrames.VENUES, 32, 16 << 10), this::take, metrics);
    private long userRecords;
    private long position;

    @Test
    void allocatesNothingForATrade() {
        List<ByteBuffer> frames = PackedFrames.captured("crypto-in-finnhub-shape.ndjson").stream()
                .filter(text -> text.contains("\"type\":\"trade\""))
                .map(text -> ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)))
                .toList();
        pack(frames, 1);
        long trades = metrics.counter("record.trades-published").getCount();
        userRecords = 0;

        var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        for (int pass = 0; pass < PASSES; pass++) {
            pack(frames, 2 + pass);
        }
        long allocated = threads.getCurrentThreadAllocatedBytes() - before;

        long forUserRecords = userRecords * BYTES_OF_A_USER_RECORD;
        assertThat(userRecords).isPositive();
        assertThat(allocated)
                .as("less than a tenth of a byte a trade beside its user record")
                .isLessThan(forUserRecords + PASSES * trades / 10);
    }

    private void pack(List<ByteBuffer> frames, long session) {
        for (int i = 0; i < frames.size(); i++) {
            ByteBuffer bytes = frames.get(i);
            packer.onFrame(
                    frame.wrap(bytes, 0, bytes.capacity()).of(session, false, 1_700_000_000_000L), -1, 0, position++);
        }
        packer.flush();
    }

    private void take(UserRecord userRecord) {
        userRecords++;
        userRecord.release();
    }
}
