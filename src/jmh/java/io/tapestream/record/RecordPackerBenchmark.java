package io.tapestream.record;

import com.codahale.metrics.MetricRegistry;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.tapestream.frame.Frame;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * What a trade costs from the bytes of its frame to its line in a user record: walk, identity and encoding of all
 * captured frames, each pass a session of its own. Run it with {@code -prof gc} from the project's folder.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class RecordPackerBenchmark {
    /** Trades in the captures; the score is per trade. */
    static final int TRADES = 1287;

    private static final List<String> CAPTURES =
            List.of("finnhub-aapl-20230331.ndjson", "crypto-in-finnhub-shape.ndjson");
    private static final long RECEIVED_AT = 1_721_555_880_151L;

    private final MetricRegistry metrics = new MetricRegistry();
    private final Frame frame = new Frame();
    private RecordPacker packer = packer();
    private ByteBuffer buffer = ByteBuffer.allocateDirect(0);
    private int[] ends = {};
    private long session;
    private long position;
    private long packedBytes;

    /** Copies the captured frames into one buffer, as they lie in a segment. */
    @Setup
    public void readCaptures() throws IOException {
        List<byte[]> frames = new ArrayList<>();
        ObjectMapper json = new ObjectMapper();
        for (String capture : CAPTURES) {
            for (String line : Files.readAllLines(Path.of("conf/captures", capture))) {
                frames.add(json.readTree(line).get("frame").textValue().getBytes(StandardCharsets.UTF_8));
            }
        }
        buffer = ByteBuffer.allocateDirect(
                        frames.stream().mapToInt(f -> f.length).sum())
                .order(ByteOrder.LITTLE_ENDIAN);
        ends = new int[frames.size()];
        for (int i = 0; i < ends.length; i++) {
            buffer.put(frames.get(i));
            ends[i] = buffer.position();
        }
        packer = packer();
    }

    private RecordPacker packer() {
        var venues = Map.of("BINANCE", "crypto", "BITGET", "crypto", "COINBASE", "crypto", "OANDA", "forex");
        return new RecordPacker(new RecordSettings("finnhub", venues, 32, 16 << 10), this::take, metrics);
    }

    private void take(UserRecord userRecord) {
        packedBytes += userRecord.length();
        userRecord.release();
    }

    /** Packs each captured trade once; returns the bytes packed so far. */
    @Benchmark
    @OperationsPerInvocation(TRADES)
    public long pack() {
        session++;
        int start = 0;
        for (int end : ends) {
            frame.wrap(buffer, start, end - start).of(session, false, RECEIVED_AT);
            packer.onFrame(frame, -1, 0, position++);
            start = end;
        }
        packer.flush();
        return packedBytes;
    }

    long tradesPublished() {
        return metrics.counter("record.trades-published").getCount();
    }
}
