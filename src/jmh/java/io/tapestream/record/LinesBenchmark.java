package io.tapestream.record;

import com.codahale.metrics.MetricRegistry;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.tapestream.frame.Frame;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * What a trade costs from the bytes of its frame to its line in a pack, on our own walker and on Jackson: the same
 * lines, each pass over the captures a session of its own. Run it with {@code -prof gc} from the project's folder.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class LinesBenchmark {
    /** Trades in the captures; the score is per trade. */
    static final int TRADES = 1287;

    private static final Map<String, String> VENUES =
            Map.of("BINANCE", "crypto", "BITGET", "crypto", "COINBASE", "crypto", "OANDA", "forex");
    private static final List<String> CAPTURES =
            List.of("finnhub-aapl-20230331.ndjson", "crypto-in-finnhub-shape.ndjson");
    private static final long RECEIVED_AT = 1_721_555_880_151L;

    private final Frame frame = new Frame();
    private final BaselineLines streaming = new StreamingLines(VENUES, this::take);
    private final BaselineLines databind = new DatabindLines(VENUES, this::take);
    private final RecordPacker packer = new RecordPacker(
            new RecordSettings("finnhub", VENUES, BaselineLines.BUCKETS, BaselineLines.MAX_BYTES),
            this::take,
            new MetricRegistry());
    private Consumer<byte[]> observer = pack -> {};
    private boolean observed;
    private List<byte[]> frames = List.of();
    private List<ByteBuffer> buffers = List.of();
    private long session;
    private long position;
    private long packedBytes;

    /** Reads the captured frames; ours lie outside the heap, as they do in a segment. */
    @Setup
    public void readCaptures() throws IOException {
        ObjectMapper json = new ObjectMapper();
        frames = new ArrayList<>();
        for (String capture : CAPTURES) {
            for (String line : Files.readAllLines(Path.of("conf/captures", capture))) {
                frames.add(json.readTree(line).get("frame").textValue().getBytes(StandardCharsets.UTF_8));
            }
        }
        buffers = frames.stream()
                .map(bytes -> ByteBuffer.allocateDirect(bytes.length).put(0, bytes))
                .toList();
    }

    /** Has every pack shown, which costs a copy of it. */
    void observe(Consumer<byte[]> newObserver) {
        observer = newObserver;
        observed = true;
    }

    private void take(byte[] pack) {
        packedBytes += pack.length;
        observer.accept(pack);
    }

    private void take(UserRecord pack) {
        packedBytes += pack.length();
        if (observed) {
            byte[] bytes = new byte[pack.length()];
            pack.payload().get(bytes);
            observer.accept(bytes);
        }
        pack.release();
    }

    /** Our own way; returns the bytes packed so far. */
    @Benchmark
    @OperationsPerInvocation(TRADES)
    public long tapestream() {
        session++;
        for (ByteBuffer bytes : buffers) {
            packer.onFrame(frame.wrap(bytes, 0, bytes.capacity()).of(session, false, RECEIVED_AT), -1, 0, position++);
        }
        packer.flush();
        return packedBytes;
    }

    /** Jackson's streaming parser and generator. */
    @Benchmark
    @OperationsPerInvocation(TRADES)
    public long jacksonStreaming() throws IOException {
        return pack(streaming);
    }

    /** Jackson's databind. */
    @Benchmark
    @OperationsPerInvocation(TRADES)
    public long jacksonDatabind() throws IOException {
        return pack(databind);
    }

    private long pack(BaselineLines baseline) throws IOException {
        baseline.beginSession();
        for (byte[] bytes : frames) {
            baseline.frame(bytes, RECEIVED_AT);
        }
        baseline.flush();
        return packedBytes;
    }
}
