package io.tapestream.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Steps a playback in virtual time: what goes out, and at which millisecond. */
class PlaybackTest {
    private static final String A = "{\"data\":[{\"p\":1,\"s\":\"A\",\"t\":1700000000000,\"v\":1}],\"type\":\"trade\"}";
    private static final String AA = "{\"data\":[{\"p\":1,\"s\":\"A\",\"t\":1700000000000,\"v\":1},"
            + "{\"p\":2,\"s\":\"A\",\"t\":1700000000000,\"v\":1}],\"type\":\"trade\"}";
    private static final String B = "{\"data\":[{\"p\":1,\"s\":\"B\",\"t\":1700000000000,\"v\":1}],\"type\":\"trade\"}";
    private static final String PING = "{\"type\":\"ping\"}";

    @TempDir
    Path folder;

    private final VirtualTimer timer = new VirtualTimer();
    private final FakeAudience audience = new FakeAudience();
    private final CompletableFuture<Void> end = new CompletableFuture<>();

    @Test
    void keepsTheOriginalGapsOfAnyLength() {
        play(Speed.original(), false, at(0, A), at(3, A), at(3, A), at(3_600_003, A));
        timer.runAll();
        assertThat(audience.sentAtMillis).containsExactly(0L, 3L, 3L, 3_600_003L);
        assertThat(end).isCompleted();
    }

    @Test
    void dividesTheGapsByTheFactor() {
        play(Speed.factor(10), false, at(0, A), at(20, A), at(1020, A));
        timer.runAll();
        assertThat(audience.sentAtMillis).containsExactly(0L, 2L, 102L);
    }

    @Test
    void takesReceiveTimesThatGoBackAsNoGap() {
        play(Speed.original(), false, at(50, A), at(20, A), at(30, A));
        timer.runAll();
        assertThat(audience.sentAtMillis).containsExactly(0L, 0L, 10L);
    }

    @Test
    void leavesCapturedPingsOutButNotTheirTime() {
        play(Speed.original(), false, at(0, A), at(5, PING), at(9, A));
        timer.runAll();
        assertThat(audience.sentAtMillis).containsExactly(0L, 9L);
    }

    @Test
    void doesNotWaitBetweenCaptures() {
        Path first = capture("1", at(0, A), at(7, A));
        Path second = capture("2", at(1_000_000, A), at(1_000_001, A));
        start(Speed.original(), false, first, second);
        timer.runAll();
        assertThat(audience.sentAtMillis).containsExactly(0L, 7L, 7L, 8L);
    }

    @Test
    void spacesTradesEvenlyAtARate() {
        play(Speed.rate(100), false, at(0, AA), at(0, A), at(0, AA), at(0, A));
        timer.runAll();
        assertThat(audience.sentAtMillis).containsExactly(0L, 20L, 30L, 50L);
    }

    @Test
    void doesNotCountTradesThatGoToNobodyAtARate() {
        audience.symbols = Set.of("A");
        play(Speed.rate(100), false, at(0, A), at(0, B), at(0, B), at(0, A));
        timer.runAll();
        assertThat(audience.sentAtMillis).containsExactly(0L, 10L);
    }

    @Test
    void playsOnWhenNobodyIsThereAndWhatIsSentMeanwhileIsMissed() {
        audience.symbols = Set.of();
        play(Speed.rate(100), false, at(0, AA), at(0, AA), at(0, AA));
        timer.runUntil(35);
        audience.symbols = Set.of("A");
        timer.runAll();
        assertThat(audience.sentAtMillis).containsExactly(40L);
        assertThat(end).isCompleted();
    }

    @Test
    void waitsForSomebodyWhenItGoesAsFastAsTheyRead() {
        audience.symbols = Set.of();
        Playback playback = play(Speed.max(), false, at(0, A), at(1000, A));
        timer.runAll();
        audience.symbols = Set.of("A");
        playback.resume();
        timer.runAll();
        assertThat(audience.sentAtMillis).hasSize(2);
        assertThat(end).isCompleted();
    }

    @Test
    void waitsForRoomAndDoesNotMakeUpForTheWaitInABurst() {
        String[] lines = new String[300];
        for (int i = 0; i < lines.length; i++) {
            lines[i] = at(i, A);
        }
        Playback playback = play(Speed.original(), false, lines);
        timer.runUntil(99);
        assertThat(audience.sentAtMillis).hasSize(100);
        audience.hasRoom = false;
        timer.runUntil(5000);
        assertThat(audience.sentAtMillis).hasSize(100);
        audience.hasRoom = true;
        playback.resume();
        timer.runUntil(5000);
        assertThat(audience.sentAtMillis).hasSize(100 + 51);
        timer.runUntil(5010);
        assertThat(audience.sentAtMillis).hasSize(100 + 61);
        timer.runAll();
        assertThat(audience.sentAtMillis).hasSize(300);
    }

    @Test
    void makesUpForAsMuchOfAWaitAsItIsToldTo() {
        String[] lines = new String[300];
        for (int i = 0; i < lines.length; i++) {
            lines[i] = at(i, A);
        }
        Playback playback = play(Speed.original().makingUp(Duration.ofHours(1)), false, lines);
        timer.runUntil(99);
        audience.hasRoom = false;
        timer.runUntil(250);
        audience.hasRoom = true;
        playback.resume();
        timer.runUntil(250);
        assertThat(audience.sentAtMillis).hasSize(251);
    }

    @Test
    void beginsAfterItsDelay() {
        start(Speed.rate(1), false, 250, capture("1", at(0, A), at(0, A)));
        timer.runAll();
        assertThat(audience.sentAtMillis).containsExactly(250L, 1250L);
    }

    @Test
    void restsAfterARoundInWhichNothingWentOut() {
        audience.symbols = Set.of("OTHER");
        start(Speed.max(), true, capture("1", at(0, A), at(0, B)));
        timer.runUntil(10_500);
        assertThat(audience.offered).isBetween(10, 30);
    }

    @Test
    void sendsNothingMoreOnceStopped() {
        Playback playback = play(Speed.original(), false, at(0, A), at(10, A));
        timer.runUntil(5);
        playback.stop();
        timer.runAll();
        assertThat(audience.sentAtMillis).hasSize(1);
        assertThat(end).isNotDone();
    }

    @Test
    void failsWithTheRuleThatACaptureBreaks() throws Exception {
        Path broken = Files.writeString(folder.resolve("broken"), at(0, A) + "\n{}\n");
        start(Speed.max(), false, broken);
        timer.runAll();
        assertThat(audience.sentAtMillis).hasSize(1);
        assertThatThrownBy(end::join)
                .hasCauseInstanceOf(CaptureException.class)
                .hasMessageContaining("line=2 (must have received_at)");
    }

    private Playback play(Speed speed, boolean loop, String... lines) {
        return start(speed, loop, capture("capture", lines));
    }

    private Playback start(Speed speed, boolean loop, Path... captures) {
        return start(speed, loop, 0, captures);
    }

    private Playback start(Speed speed, boolean loop, long delayMillis, Path... captures) {
        Tape tape = new Tape(Captures.of(List.of(captures)), loop, -1);
        Playback playback = new Playback(tape, speed, audience, timer, timer::nanoTime, end);
        playback.startAfter(TimeUnit.MILLISECONDS.toNanos(delayMillis));
        return playback;
    }

    private static String at(long receivedAtMillis, String frame) {
        return "{\"received_at\":" + receivedAtMillis + ",\"frame\":\"" + frame.replace("\"", "\\\"") + "\"}";
    }

    private Path capture(String name, String... lines) {
        try {
            return Files.write(folder.resolve(name), List.of(lines));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Runs what is scheduled at its time, without any time passing. */
    private static final class VirtualTimer implements Playback.Timer {
        private long nowNanos = 777;
        private final long startNanos = nowNanos;
        private long dueNanos;
        private @Nullable Runnable step;

        @Override
        public void after(long nanos, Runnable next) {
            assertThat(step).as("only one step is ever scheduled").isNull();
            dueNanos = nowNanos + nanos;
            step = next;
        }

        long nanoTime() {
            return nowNanos;
        }

        long millis() {
            return TimeUnit.NANOSECONDS.toMillis(nowNanos - startNanos);
        }

        void runAll() {
            while (step != null) {
                runNext(step);
            }
        }

        void runUntil(long millis) {
            long endNanos = startNanos + TimeUnit.MILLISECONDS.toNanos(millis);
            while (step != null && dueNanos <= endNanos) {
                runNext(step);
            }
            nowNanos = endNanos;
        }

        private void runNext(Runnable due) {
            nowNanos = Math.max(nowNanos, dueNanos);
            step = null;
            due.run();
        }
    }

    /** Notes when it was sent something. */
    private final class FakeAudience implements Playback.Audience {
        private final List<Long> sentAtMillis = new ArrayList<>();
        private Set<String> symbols = Set.of("A", "B");
        private boolean hasRoom = true;
        private int offered;

        @Override
        public boolean makeRoom() {
            return hasRoom;
        }

        @Override
        public boolean isEmpty() {
            return symbols.isEmpty();
        }

        @Override
        public int send(MarketFrame frame) {
            offered++;
            if (isEmpty() || !frame.select(symbols)) {
                return -1;
            }
            assertThat(new String(frame.selection(), 0, frame.selectionLength(), StandardCharsets.UTF_8))
                    .startsWith("{\"data\":[");
            sentAtMillis.add(timer.millis());
            return frame.selectedTrades();
        }

        @Override
        public void flush() {}
    }
}
