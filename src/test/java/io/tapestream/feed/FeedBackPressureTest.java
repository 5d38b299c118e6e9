package io.tapestream.feed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.json.JsonMapper;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.tapestream.NettyLeaks;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A handler that is not ready: nothing is lost, nothing is read, nothing leaks. */
class FeedBackPressureTest {
    private final FakeVenue venue = FakeVenue.start();
    private final FeedRig rig = FeedRig.of(venue);

    @AfterEach
    void stop() {
        rig.close();
        venue.close();
    }

    private FakeVenuePeer awaitSession() {
        FakeVenuePeer peer = venue.awaitPeer();
        rig.awaitSession();
        assertThat(peer.awaitFrame().opcode()).isEqualTo(1);
        return peer;
    }

    private static byte[] text(String text) {
        return FakeVenuePeer.frame(0x81, text.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void handsOnNothingUntilItIsResumed() {
        rig.frames = (payload, at) -> false;
        FeedClient client = rig.open();
        FakeVenuePeer peer = awaitSession();
        for (int i = 0; i < 3; i++) {
            peer.sendText("frame " + i);
        }
        for (int i = 0; i < 3; i++) {
            assertThat(rig.awaitEvent()).isEqualTo("frame frame " + i);
            assertThat(rig.events).isEmpty();
            client.resume();
        }
        await().untilAsserted(() -> assertThat(rig.count("pauses")).isEqualTo(3));
    }

    @Test
    void isNotTakenForSilentWhileItDoesNotRead() {
        rig.silenceTimeout = Duration.ofMillis(50);
        rig.frames = (payload, at) -> payload.remaining() != "stop".length();
        FeedClient client = rig.open();
        FakeVenuePeer peer = awaitSession();
        peer.sendText("stop");
        assertThat(rig.awaitEvent()).isEqualTo("frame stop");
        await().during(Duration.ofMillis(200)).until(rig.events::isEmpty);
        assertThat(client.state()).isEqualTo(FeedClient.State.OPEN);
        peer.sendText("goes on");
        client.resume();
        assertThat(rig.awaitEvent()).isEqualTo("frame goes on");
        assertThat(rig.awaitEvent()).isEqualTo("closed: silent");
    }

    @Test
    void handsOnWhatItHasBeforeItTellsThatTheVenueHasGone() {
        AtomicInteger frames = new AtomicInteger();
        rig.frames = (payload, at) -> frames.incrementAndGet() != 1;
        FeedClient client = rig.open();
        FakeVenuePeer peer = awaitSession();
        ByteArrayOutputStream wire = new ByteArrayOutputStream();
        wire.writeBytes(text("one"));
        wire.writeBytes(text("two"));
        wire.writeBytes(text("three"));
        peer.sendRaw(wire.toByteArray());
        assertThat(rig.awaitEvent()).isEqualTo("frame one");
        peer.reset();
        peer.awaitEnd();
        assertThat(venue.connections()).isOne();
        client.resume();
        assertThat(rig.awaitEvent()).isEqualTo("frame two");
        assertThat(rig.awaitEvent()).isEqualTo("frame three");
        assertThat(rig.awaitEvent()).startsWith("closed: lost");
    }

    @Test
    void beginsNoSessionWhileTheHandlerIsNotReady() {
        AtomicInteger frames = new AtomicInteger();
        rig.frames = (payload, at) -> frames.incrementAndGet() != 1;
        FeedClient client = rig.open();
        FakeVenuePeer peer = awaitSession();
        peer.sendText("one");
        assertThat(rig.awaitEvent()).isEqualTo("frame one");
        peer.reset();
        await().during(Duration.ofMillis(100)).until(rig.events::isEmpty);
        client.resume();
        assertThat(rig.awaitEvent()).startsWith("closed: lost");
        awaitSession();
    }

    @Test
    void countsWhatItGivesUpWhenItIsClosedMeanwhile() {
        rig.frames = (payload, at) -> false;
        FeedClient client = rig.open();
        FakeVenuePeer peer = awaitSession();
        ByteArrayOutputStream wire = new ByteArrayOutputStream();
        wire.writeBytes(text("one"));
        wire.writeBytes(text("two"));
        peer.sendRaw(wire.toByteArray());
        assertThat(rig.awaitEvent()).isEqualTo("frame one");
        client.close("journal-full");
        assertThat(rig.awaitEvent()).isEqualTo("closed: journal-full");
        assertThat(rig.count("discarded-bytes")).isGreaterThanOrEqualTo(text("two").length);
        assertThat(rig.events).isEmpty();
    }

    @Test
    void handsOnCapturesByteForByteAtFullSpeedThroughPausesAndLeaksNothing() throws Exception {
        try (CapturedLogs logs = CapturedLogs.open()) {
            List<String> sent = replay();
            for (String frame : sent) {
                assertThat(rig.awaitEvent()).isEqualTo("frame " + frame);
            }
            assertThat(rig.count("pauses")).isPositive();
            provokeTheEndsThatReleaseMost();
            assertThat(NettyLeaks.take()).isEmpty();
            assertThat(logs.lines()).noneMatch(line -> line.contains("LEAK") || line.contains("IllegalReferenceCount"));
            plantALeak();
            assertThat(NettyLeaks.take()).singleElement().asString().contains("plantALeak");
        }
    }

    /** Sends captures in pieces that end anywhere, some messages in fragments, to a handler that often is not ready. */
    private List<String> replay() throws IOException {
        List<String> frames = captures();
        SplittableRandom random = new SplittableRandom(1);
        SplittableRandom readiness = new SplittableRandom(2);
        rig.frames = (payload, at) -> {
            boolean isReady = readiness.nextInt(20) > 0;
            if (!isReady) {
                new Thread(rig.clients.get(0)::resume).start();
            }
            return isReady;
        };
        rig.open();
        FakeVenuePeer peer = awaitSession();
        ByteArrayOutputStream wire = new ByteArrayOutputStream();
        for (String frame : frames) {
            writeWholeOrInFragments(wire, frame.getBytes(StandardCharsets.UTF_8), random);
        }
        byte[] all = wire.toByteArray();
        for (int at = 0; at < all.length; ) {
            int length = Math.min(all.length - at, 1 + random.nextInt(5000));
            peer.sendRaw(Arrays.copyOfRange(all, at, at + length));
            at += length;
        }
        return frames;
    }

    private static void writeWholeOrInFragments(ByteArrayOutputStream wire, byte[] message, SplittableRandom random) {
        if (random.nextInt(3) > 0) {
            wire.writeBytes(FakeVenuePeer.frame(0x81, message));
            return;
        }
        int cut = random.nextInt(message.length);
        wire.writeBytes(FakeVenuePeer.frame(0x01, Arrays.copyOf(message, cut)));
        wire.writeBytes(FakeVenuePeer.frame(0x89, new byte[] {1, 2, 3}));
        wire.writeBytes(FakeVenuePeer.frame(0x80, Arrays.copyOfRange(message, cut, message.length)));
    }

    private static List<String> captures() throws IOException {
        List<String> frames = new ArrayList<>();
        JsonMapper json = new JsonMapper();
        for (String name : List.of("finnhub-aapl-20230331", "crypto-in-finnhub-shape")) {
            for (String line : Files.readAllLines(Path.of("conf/captures/" + name + ".ndjson"))) {
                frames.add(json.readTree(line).required("frame").asText());
            }
        }
        return frames.subList(0, Math.min(frames.size(), 1000));
    }

    private void provokeTheEndsThatReleaseMost() {
        rig.frames = (payload, at) -> {
            throw new IllegalStateException("planted");
        };
        rig.clients.get(0).close("next");
        rig.events.clear();
        rig.clients.get(0).open();
        FakeVenuePeer throwing = awaitSession();
        ByteArrayOutputStream wire = new ByteArrayOutputStream();
        wire.writeBytes(FakeVenuePeer.frame(0x01, new byte[] {'a'}));
        wire.writeBytes(FakeVenuePeer.frame(0x80, new byte[] {'b'}));
        wire.writeBytes(Arrays.copyOf(text("half of it"), 5));
        throwing.sendRaw(wire.toByteArray());
        assertThat(rig.awaitEvent()).isEqualTo("frame ab");
        assertThat(rig.awaitEvent()).isEqualTo("closed: handler failed: planted");
        FakeVenuePeer halfway = awaitSession();
        halfway.sendRaw(Arrays.copyOf(text("half of it"), 5));
        halfway.sendRaw(Arrays.copyOf(text("half of it"), 1));
        halfway.reset();
        assertThat(rig.awaitEvent()).startsWith("closed: ");
        awaitSession();
    }

    private static void plantALeak() {
        ByteBuf unused = ByteBufAllocator.DEFAULT.buffer(16);
    }
}
