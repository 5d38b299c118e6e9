package io.tapestream.record;

import com.codahale.metrics.MetricRegistry;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.tapestream.frame.Frame;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A packer with messages fed to it, and the lines of all that it handed out. */
final class PackedFrames {
    static final Map<String, String> VENUES =
            Map.of("BINANCE", "crypto", "COINBASE", "crypto", "OANDA", "forex", "IC MARKETS", "forex", "FXCM", "forex");

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final long RECEIVED_AT = 1_700_000_000_000L;

    final MetricRegistry metrics = new MetricRegistry();
    final List<UserRecord> userRecords = new ArrayList<>();
    final RecordPacker packer;

    private final Frame frame = new Frame();
    private long position;
    private long previousSegment = -1;
    private long segment;
    private long session = 1;
    private boolean keepsRedelivered;
    private long receivedAt = RECEIVED_AT;

    PackedFrames() {
        this(32, 16 << 10);
    }

    PackedFrames(int buckets, int maxBytes) {
        packer = new RecordPacker(new RecordSettings("finnhub", VENUES, buckets, maxBytes), userRecords::add, metrics);
    }

    static List<String> captured(String name) {
        try {
            List<String> frames = new ArrayList<>();
            for (String line : Files.readAllLines(Path.of("conf/captures", name))) {
                frames.add(JSON.readTree(line).get("frame").textValue());
            }
            return frames;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static String message(String... trades) {
        return "{\"data\":[" + String.join(",", trades) + "],\"type\":\"trade\"}";
    }

    static String trade(String symbol, String price, String time, String volume) {
        return "{\"c\":null,\"p\":" + price + ",\"s\":\"" + symbol + "\",\"t\":" + time + ",\"v\":" + volume + "}";
    }

    static String trade(int volume) {
        return trade("AAPL", "164.06", "1680286537580", Integer.toString(volume));
    }

    PackedFrames segment(long newPreviousSegment, long newSegment) {
        previousSegment = newPreviousSegment;
        segment = newSegment;
        return this;
    }

    PackedFrames session(long newSession) {
        session = newSession;
        return this;
    }

    PackedFrames position(long newPosition) {
        position = newPosition;
        return this;
    }

    PackedFrames keepingRedelivered() {
        return keepingRedelivered(true);
    }

    PackedFrames keepingRedelivered(boolean keeps) {
        keepsRedelivered = keeps;
        return this;
    }

    PackedFrames receivedAt(long millis) {
        receivedAt = millis;
        return this;
    }

    PackedFrames feed(String... messages) {
        for (String message : messages) {
            packer.onFrame(frameOf(message), previousSegment, segment, position++);
        }
        return this;
    }

    PackedFrames feed(List<String> messages) {
        return feed(messages.toArray(String[]::new));
    }

    PackedFrames warmUp(String... messages) {
        for (String message : messages) {
            packer.warmUp(frameOf(message), previousSegment, segment, position++);
        }
        return this;
    }

    /** The message somewhere inside a direct buffer, as in a mapped segment. */
    private Frame frameOf(String message) {
        byte[] bytes = message.getBytes(StandardCharsets.UTF_8);
        ByteBuffer buffer = ByteBuffer.allocateDirect(bytes.length + 64).order(ByteOrder.LITTLE_ENDIAN);
        buffer.put(40, bytes);
        return frame.wrap(buffer, 40, bytes.length).of(session, keepsRedelivered, receivedAt);
    }

    /** The lines of all that was handed out, what has only begun included, without their newlines. */
    List<String> lines() {
        packer.flush();
        return userRecords.stream().flatMap(r -> text(r).lines()).toList();
    }

    static String text(UserRecord userRecord) {
        return StandardCharsets.UTF_8.decode(userRecord.payload()).toString();
    }

    List<JsonNode> trades() {
        return lines().stream().map(PackedFrames::parsed).toList();
    }

    List<String> ids() {
        return trades().stream().map(t -> t.get("trade_id").textValue()).toList();
    }

    static JsonNode parsed(String line) {
        try {
            return JSON.readTree(line);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    long counted(String name) {
        return metrics.counter("record." + name).getCount();
    }
}
