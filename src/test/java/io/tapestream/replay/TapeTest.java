package io.tapestream.replay;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TapeTest {
    @TempDir
    Path folder;

    @Test
    void movesEachRoundByMoreThanTheTradesOfAnySymbolAreApart() {
        // Two symbols, years apart; the trades of one within 1,500 ms, of the other within a second.
        Path capture = MarketBuilder.capture(
                folder.resolve("capture"),
                trades("A", 1_600_000_000_500L, 1_600_000_000_000L),
                trades("B", 1_700_000_000_000L, 1_700_000_001_000L),
                trades("A", 1_600_000_001_500L, 1_600_000_000_700L));
        assertThat(play(new Tape(Captures.of(List.of(capture)), true, -1), 7))
                .containsExactly(
                        trades("A", 1_600_000_000_500L, 1_600_000_000_000L),
                        trades("B", 1_700_000_000_000L, 1_700_000_001_000L),
                        trades("A", 1_600_000_001_500L, 1_600_000_000_700L),
                        trades("A", 1_600_000_003_500L, 1_600_000_003_000L),
                        trades("B", 1_700_000_003_000L, 1_700_000_004_000L),
                        trades("A", 1_600_000_004_500L, 1_600_000_003_700L),
                        trades("A", 1_600_000_006_500L, 1_600_000_006_000L));
    }

    @Test
    void movesByASecondWhereTradesAreAtOneTime() {
        Path capture = MarketBuilder.capture(folder.resolve("capture"), trades("A", 1_600_000_000_000L));
        assertThat(play(new Tape(Captures.of(List.of(capture)), true, -1), 3))
                .containsExactly(
                        trades("A", 1_600_000_000_000L),
                        trades("A", 1_600_000_001_000L),
                        trades("A", 1_600_000_002_000L));
    }

    @Test
    void movesTheFirstFrameToItsStartAndTheRestAlong() {
        // MarketBuilder's captures are received from 1,700,000,000,000 on, one frame a millisecond.
        Path capture = MarketBuilder.capture(
                folder.resolve("capture"), trades("A", 1_699_999_999_990L), trades("A", 1_699_999_999_995L));
        assertThat(play(new Tape(Captures.of(List.of(capture)), true, 1_800_000_000_000L), 3))
                .containsExactly(
                        trades("A", 1_799_999_999_990L),
                        trades("A", 1_799_999_999_995L),
                        trades("A", 1_800_000_001_990L));
    }

    @Test
    void leavesOutPingsAndErrorsAndKeepsWhatElseHasNoTrades() {
        Path capture = MarketBuilder.capture(
                folder.resolve("capture"),
                "{\"type\":\"ping\"}",
                "{\"type\":\"news\"}",
                "{\"msg\":\"Invalid symbol X\",\"type\":\"error\"}",
                "{\"data\":[");
        assertThat(play(new Tape(Captures.of(List.of(capture)), false, -1), 10))
                .containsExactly("{\"type\":\"news\"}", "{\"data\":[");
    }

    @Test
    void endsWhereALoopedCaptureHoldsNothingToSend() {
        Path capture = MarketBuilder.capture(folder.resolve("capture"), "{\"type\":\"ping\"}");
        assertThat(play(new Tape(Captures.of(List.of(capture)), true, -1), 10)).isEmpty();
    }

    private static List<String> play(Tape tape, int atMost) {
        List<String> frames = new ArrayList<>();
        try (tape) {
            while (frames.size() < atMost && tape.next()) {
                assertThat(tape.frame().select(Set.of("A", "B"))).isTrue();
                frames.add(new String(
                        tape.frame().selection(), 0, tape.frame().selectionLength(), StandardCharsets.UTF_8));
            }
        }
        return frames;
    }

    private static String trades(String symbol, long... times) {
        List<String> trades = new ArrayList<>();
        for (long time : times) {
            trades.add("{\"c\":null,\"p\":1.5,\"s\":\"" + symbol + "\",\"t\":" + time + ",\"v\":2}");
        }
        return "{\"data\":[" + String.join(",", trades) + "],\"type\":\"trade\"}";
    }
}
