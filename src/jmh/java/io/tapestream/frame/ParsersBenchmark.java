package io.tapestream.frame;

import com.alibaba.fastjson2.JSON;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * What it costs to get at the fields of a trade: our walker against Jackson's streaming parser, its databind, and
 * fastjson2, the fastest databind for the JVM that needs no code generated in the build. All take the captured frames;
 * each field of each trade is visited. Run it with {@code -prof gc} from the project's folder.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class ParsersBenchmark {
    /** Trades in the captures; the score is per trade. */
    static final int TRADES = 1287;

    private final FrameWalker walker = new FrameWalker();
    private final JsonFactory json = new JsonFactory();
    private final ObjectMapper mapper = new ObjectMapper();
    private List<byte[]> frames = List.of();
    private List<ByteBuffer> buffers = List.of();

    /** A message as a databind sees it. */
    public record Message(
            @Nullable List<MessageTrade> data, @Nullable String type) {}

    /** A trade as a databind sees it. */
    public record MessageTrade(
            String s,
            BigDecimal p,
            BigDecimal v,
            long t,
            @Nullable List<String> c) {
        long seen() {
            return (long) s.length() + p.signum() + v.signum() + (t > 0 ? 1 : 0) + (c == null ? 0 : c.size());
        }
    }

    /** Reads the captured frames; the walker's lie outside the heap, as they do in a segment. */
    @Setup
    public void readCaptures() {
        frames = Messages.capturedFrames();
        buffers = frames.stream()
                .map(bytes -> ByteBuffer.allocateDirect(bytes.length).put(0, bytes))
                .toList();
    }

    /** Our walker, which leaves numbers as they stand. */
    @Benchmark
    @OperationsPerInvocation(TRADES)
    public long walker() {
        long seen = 0;
        for (ByteBuffer buffer : buffers) {
            walker.walk(buffer, 0, buffer.capacity());
            for (int i = 0; i < walker.tradeCount(); i++) {
                Trade trade = walker.trade(i);
                seen += trade.symbolLength()
                        + (trade.priceLength() > 0 ? 1 : 0)
                        + (trade.volumeLength() > 0 ? 1 : 0)
                        + (trade.tradedAtLength() > 0 ? 1 : 0)
                        + trade.conditionCount();
            }
        }
        return seen;
    }

    /** Jackson's streaming parser. */
    @Benchmark
    @OperationsPerInvocation(TRADES)
    public long jacksonStreaming() throws IOException {
        long seen = 0;
        for (byte[] frame : frames) {
            try (JsonParser parser = json.createParser(frame)) {
                while (parser.nextToken() != null) {
                    if (parser.currentToken() == JsonToken.FIELD_NAME) {
                        seen += field(parser);
                    }
                }
            }
        }
        return seen;
    }

    private static long field(JsonParser parser) throws IOException {
        String name = parser.currentName();
        if (name.length() != 1) {
            return 0;
        }
        JsonToken value = parser.nextToken();
        return switch (name.charAt(0)) {
            case 's' -> parser.getText().length();
            case 'p', 'v' -> parser.getDecimalValue().signum();
            case 't' -> parser.getLongValue() > 0 ? 1 : 0;
            case 'c' -> value == JsonToken.START_ARRAY ? elements(parser) : 0;
            default -> 0;
        };
    }

    private static long elements(JsonParser parser) throws IOException {
        long count = 0;
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            count += parser.getText().isEmpty() ? 0 : 1;
        }
        return count;
    }

    /** Jackson's databind into records. */
    @Benchmark
    @OperationsPerInvocation(TRADES)
    public long jacksonDatabind() throws IOException {
        long seen = 0;
        for (byte[] frame : frames) {
            seen += seen(mapper.readValue(frame, Message.class));
        }
        return seen;
    }

    /** fastjson2 into the same records. */
    @Benchmark
    @OperationsPerInvocation(TRADES)
    public long fastjson2() {
        long seen = 0;
        for (byte[] frame : frames) {
            seen += seen(JSON.parseObject(frame, Message.class));
        }
        return seen;
    }

    private static long seen(Message message) {
        long seen = 0;
        List<MessageTrade> trades = message.data();
        if (trades == null) {
            return 0;
        }
        for (MessageTrade trade : trades) {
            seen += trade.seen();
        }
        return seen;
    }
}
