package io.tapestream.replay;

import com.codahale.metrics.MetricRegistry;
import io.tapestream.frame.Frame;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;

/** Makes markets for tests: any key, any free port, as fast as the client reads, once, unless a test changes it. */
final class MarketBuilder {
    static final Path AAPL = Path.of("conf/captures/finnhub-aapl-20230331.ndjson");
    static final Path CRYPTO = Path.of("conf/captures/crypto-in-finnhub-shape.ndjson");

    private final List<Path> captures;
    Speed speed = Speed.max();
    int port;
    boolean loop;
    boolean now;
    int symbolLimit = 100;
    Duration pingInterval = Duration.ofMinutes(1);
    Duration startDelay = Duration.ZERO;
    int maxConnections = 16;
    Set<String> keys = Set.of();
    InstantSource clock = InstantSource.system();

    @Nullable Path log;

    @Nullable Path certificate;

    @Nullable Path privateKey;

    MarketBuilder(Path... captures) {
        this.captures = List.of(captures);
    }

    MarketServer build() {
        MarketSettings settings = new MarketSettings(
                captures,
                "127.0.0.1",
                port,
                certificate,
                privateKey,
                keys,
                speed,
                loop,
                now,
                symbolLimit,
                pingInterval,
                startDelay,
                maxConnections,
                64 << 10,
                log);
        return new MarketServer(settings, clock, Executors.defaultThreadFactory(), new MetricRegistry());
    }

    /** Writes frames as a capture, one a millisecond. */
    static Path capture(Path file, String... frames) {
        List<String> lines = new ArrayList<>();
        long receivedAtMillis = 1_700_000_000_000L;
        for (String frame : frames) {
            byte[] bytes = frame.getBytes(StandardCharsets.UTF_8);
            lines.add("{\"received_at\":" + receivedAtMillis++ + ",\"frame_base64\":\""
                    + Base64.getEncoder().encodeToString(bytes) + "\"}");
        }
        try {
            return Files.write(file, lines);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The frames of captures, as they were received. */
    static List<byte[]> framesOf(Path... captures) {
        Captures all = Captures.of(List.of(captures));
        List<byte[]> frames = new ArrayList<>();
        for (int i = 0; i < all.count(); i++) {
            try (CaptureReader reader = all.open(i)) {
                while (reader.next()) {
                    byte[] bytes = new byte[reader.frame().length()];
                    reader.frame().buffer().get(reader.frame().offset(), bytes);
                    frames.add(bytes);
                }
            }
        }
        return frames;
    }

    /** All symbols of captures. */
    static String[] symbolsOf(Path... captures) {
        Set<String> symbols = new TreeSet<>();
        for (byte[] bytes : framesOf(captures)) {
            MarketFrame frame = new MarketFrame();
            frame.load(new Frame().wrap(ByteBuffer.wrap(bytes), 0, bytes.length), 0);
            for (int i = 0; i < frame.tradeCount(); i++) {
                symbols.add(String.valueOf(frame.symbol(i)));
            }
        }
        return symbols.toArray(String[]::new);
    }
}
