package io.tapestream.record;

import static io.tapestream.record.PackedFrames.message;
import static io.tapestream.record.PackedFrames.trade;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TradeIdentityTest {
    private static final String TIME = "1721555886208";

    private final List<String> frames = PackedFrames.captured("finnhub-aapl-20230331.ndjson");

    @Test
    void isDifferentForEachTradeOfASession() {
        var packed = new PackedFrames().feed(frames);

        assertThat(packed.ids()).hasSize(61).doesNotHaveDuplicates();
        assertThat(packed.counted("trades-received")).isEqualTo(61);
        assertThat(packed.counted("trades-published")).isEqualTo(61);
    }

    @Test
    void isGivenOnceToAFrameDeliveredTwiceInASession() {
        var packed = new PackedFrames().feed(frames).feed(frames);

        assertThat(packed.ids()).hasSize(61).doesNotHaveDuplicates();
        assertThat(packed.counted("redelivered-frames")).isEqualTo(8);
        assertThat(packed.counted("redelivered-trades")).isEqualTo(61);
        assertThat(packed.counted("trades-received")).isEqualTo(122);
    }

    @Test
    void isAnotherForAFrameDeliveredTwiceThatIsKept() {
        var packed = new PackedFrames().keepingRedelivered().feed(frames).feed(frames);

        assertThat(packed.ids()).hasSize(122).doesNotHaveDuplicates();
        assertThat(packed.counted("redelivered-frames")).isEqualTo(8);
        assertThat(packed.counted("redelivered-trades")).isZero();
        assertThat(packed.counted("trades-published")).isEqualTo(122);
    }

    @Test
    void isTheSameInTheNextSession() {
        var packed = new PackedFrames().session(1).feed(frames).session(2).feed(frames);

        assertThat(packed.ids()).hasSize(122);
        assertThat(Set.copyOf(packed.ids())).hasSize(61);
        assertThat(packed.counted("redelivered-frames")).isZero();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 7, 61})
    void isTheSameWhereverTheFramesOfTheNextSessionAreCut(int tradesPerFrame) {
        List<String> elements = new ArrayList<>();
        for (String frame : frames) {
            DocumentedIdentity.parsed(frame).get("data").forEach(t -> elements.add(t.toString()));
        }
        var packed = new PackedFrames().session(1).feed(frames).session(2);
        for (int from = 0; from < elements.size(); from += tradesPerFrame) {
            // Spaces keep apart what a feed would tell apart by other trades: two frames of one and the same trade.
            String apart = " ".repeat(from);
            packed.feed(apart
                    + message(elements.subList(from, Math.min(elements.size(), from + tradesPerFrame))
                            .toArray(String[]::new)));
        }

        assertThat(packed.ids()).hasSize(122);
        assertThat(new TreeSet<>(packed.ids())).hasSize(61);
    }

    @Test
    void isOnceForAMessageDeliveredThreeTimes() {
        String frame = message(trade("AAPL", "276.7", TIME, "100"));

        assertThat(new PackedFrames().feed(frame, frame, frame).ids()).hasSize(1);
        assertThat(new PackedFrames()
                        .keepingRedelivered()
                        .feed(frame, frame, frame)
                        .ids())
                .hasSize(3)
                .doesNotHaveDuplicates();
    }

    @Test
    void countsIdenticalTradesInAFrameAndAcrossFrames() {
        var once = new PackedFrames().feed(message(trade(1), trade(1), trade(1), trade(2)));
        var cut = new PackedFrames().feed(message(trade(1), trade(1)), message(trade(1), trade(2)));

        assertThat(once.ids()).hasSize(4).doesNotHaveDuplicates().isEqualTo(cut.ids());
    }

    @Test
    void doesNotDependOnHowNumbersAreWritten() {
        var packed = new PackedFrames()
                .feed(
                        message(trade("A", "100", TIME, "5E-7")),
                        message(trade("A", "100.0", TIME + ".0", "0.0000005")),
                        message(trade("A", "1e2", "1.721555886208e12", "0.50E-6")));
        var plain = new PackedFrames()
                .feed(message(
                        trade("A", "100", TIME, "0.0000005"),
                        trade("A", "100", TIME, "0.0000005"),
                        trade("A", "100", TIME, "0.0000005")));

        assertThat(packed.ids()).isEqualTo(plain.ids());
    }

    @Test
    void doesNotDependOnTheSignOfZero() {
        assertThat(idOf(trade("A", "1", TIME, "0")))
                .isEqualTo(idOf(trade("A", "1", TIME, "-0")))
                .isEqualTo(idOf(trade("A", "1", TIME, "-0.0")))
                .isEqualTo(idOf(trade("A", "1", TIME, "0e9")));
    }

    @Test
    void doesNotDependOnHowNoConditionsAreSaid() {
        String missing = "{\"p\":1,\"s\":\"A\",\"t\":" + TIME + ",\"v\":1}";

        assertThat(idOf(missing))
                .isEqualTo(idOf(missing.replace("{", "{\"c\":null,")))
                .isEqualTo(idOf(missing.replace("{", "{\"c\":[],")))
                .isNotEqualTo(idOf(missing.replace("{", "{\"c\":[\"\"],")));
    }

    @Test
    void dependsOnTheOrderOfConditions() {
        String trade = "{\"c\":[\"1\",\"12\"],\"p\":1,\"s\":\"A\",\"t\":" + TIME + ",\"v\":1}";

        assertThat(idOf(trade))
                .isNotEqualTo(idOf(trade.replace("[\"1\",\"12\"]", "[\"12\",\"1\"]")))
                .isNotEqualTo(idOf(trade.replace("[\"1\",\"12\"]", "[\"11\",\"2\"]")));
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '`',
            value = {
                "BINANCE:币安人生USDT, BINANCE:\\u5e01\\u5b89\\u4eba\\u751fUSDT",
                "BTC/USD, BTC\\/USD",
                "IC MARKETS:1, IC\\u0020MARKETS:1",
                "A, \\u0041",
                "BRK\\\"B, BRK\\u0022B",
                "😀, \\ud83d\\uDE00"
            })
    void isTheSameForRawAndEscapedSymbols(String rawForm, String escapedForm) {
        var raw = new PackedFrames().feed(message(trade(rawForm, "1", TIME, "1")));
        var escaped = new PackedFrames().feed(message(trade(escapedForm, "1", TIME, "1")));

        assertThat(escaped.lines()).isEqualTo(raw.lines());
        assertThat(escaped.userRecords.get(0).partitionKey())
                .isEqualTo(raw.userRecords.get(0).partitionKey());
    }

    @Test
    void tellsSpellingsOfASymbolApart() {
        assertThat(idOf(trade("AAPL", "1", TIME, "1"))).isNotEqualTo(idOf(trade("aapl", "1", TIME, "1")));
    }

    private static String idOf(String element) {
        return new PackedFrames().feed(message(element)).ids().get(0);
    }
}
