package io.tapestream.record;

import static io.tapestream.record.PackedFrames.message;
import static io.tapestream.record.PackedFrames.trade;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class RejectedTradeTest {
    private static final String TIME = "1721555886208";

    private final PackedFrames packed = new PackedFrames();

    static Stream<Arguments> rejected() {
        return Stream.concat(rejectedForStructure(), rejectedForValue());
    }

    static Stream<Arguments> rejectedForStructure() {
        return Stream.of(
                Arguments.of("null", "wrong-type"),
                Arguments.of("1", "wrong-type"),
                Arguments.of("\"x\"", "wrong-type"),
                Arguments.of("[]", "wrong-type"),
                Arguments.of("{\"p\":\"1\",\"s\":\"A\",\"t\":" + TIME + ",\"v\":1}", "wrong-type"),
                Arguments.of("{\"p\":1,\"s\":7,\"t\":" + TIME + ",\"v\":1}", "wrong-type"),
                Arguments.of("{\"p\":1,\"s\":\"A\",\"t\":\"" + TIME + "\",\"v\":1}", "wrong-type"),
                Arguments.of("{\"p\":1,\"s\":\"A\",\"t\":" + TIME + ",\"v\":true}", "wrong-type"),
                Arguments.of(withConditions("[14,null]"), "wrong-type"),
                Arguments.of(withConditions("\"1\""), "wrong-type"),
                Arguments.of(withConditions("{}"), "wrong-type"),
                Arguments.of("{\"p\":{},\"v\":1}", "wrong-type"),
                Arguments.of("{}", "missing-field"),
                Arguments.of("{\"s\":\"A\",\"t\":" + TIME + ",\"v\":1}", "missing-field"),
                Arguments.of("{\"p\":1,\"t\":" + TIME + ",\"v\":1}", "missing-field"),
                Arguments.of("{\"p\":1,\"s\":\"A\",\"v\":1}", "missing-field"),
                Arguments.of("{\"p\":1,\"s\":\"A\",\"t\":" + TIME + "}", "missing-field"),
                Arguments.of("{\"p\":null,\"s\":\"A\",\"t\":" + TIME + ",\"v\":1}", "missing-field"),
                Arguments.of(trade("\\ud800", "1", TIME, "1"), "lone-surrogate"),
                Arguments.of(trade("\\ude00\\ud83d", "0", TIME, "1"), "lone-surrogate"),
                Arguments.of(withConditions("[\"1\",\"\\udc00\"]"), "lone-surrogate"));
    }

    static Stream<Arguments> rejectedForValue() {
        String digits39 = "1".repeat(39);
        return Stream.of(
                Arguments.of(trade("", "1", TIME, "1"), "symbol"),
                Arguments.of(trade("A".repeat(257), "1", TIME, "1"), "symbol"),
                Arguments.of(trade("币".repeat(86), "1", TIME, "1"), "symbol"),
                Arguments.of(trade("\\u5e01".repeat(86), "1", TIME, "1"), "symbol"),
                Arguments.of(trade("\\u0041".repeat(100_000), "1", TIME, "1"), "symbol"),
                Arguments.of(trade("", digits39, "0", "-1"), "symbol"),
                Arguments.of(trade("A", digits39, TIME, "1"), "digits"),
                Arguments.of(trade("A", "90.7" + "3".repeat(1200), TIME, "1"), "digits"),
                Arguments.of(trade("A", "1e400", TIME, digits39), "digits"),
                Arguments.of(trade("A", "-" + digits39, TIME, "1"), "digits"),
                Arguments.of(trade("A", "1e400", TIME, "1"), "range"),
                Arguments.of(trade("A", "1", TIME, "1e-131"), "range"),
                Arguments.of(trade("A", "1", TIME, "1e999999999"), "range"),
                Arguments.of(trade("A", "0", TIME, "1e126"), "range"),
                Arguments.of(trade("A", "0", TIME, "1"), "price"),
                Arguments.of(trade("A", "-0.0", TIME, "1"), "price"),
                Arguments.of(trade("A", "-1", TIME, "-1"), "price"),
                Arguments.of(trade("A", "1", TIME, "-1"), "volume"),
                Arguments.of(trade("A", "1", "0", "-1e-9"), "volume"),
                Arguments.of(trade("A", "1", "0", "1"), "traded-at"),
                Arguments.of(trade("A", "1", "-1", "1"), "traded-at"),
                Arguments.of(trade("A", "1", "1721555886", "1"), "traded-at"),
                Arguments.of(trade("A", "1", "1721555886208.5", "1"), "traded-at"),
                Arguments.of(trade("A", "1", "946684799999", "1"), "traded-at"),
                Arguments.of(trade("A", "1", "4102444800000", "1"), "traded-at"),
                Arguments.of(trade("A", "1", "1" + digits39, "1"), "traded-at"),
                Arguments.of(trade("A", "1", "1e999999999", "1"), "traded-at"),
                Arguments.of(withConditions("[\"" + "x".repeat(8192) + "\"]"), "line-length"),
                Arguments.of(withConditions("[\"" + "x".repeat(900_000) + "\"]"), "line-length"),
                Arguments.of(withConditions("[\"\\t" + "x".repeat(49_000) + "\"]"), "line-length"),
                Arguments.of(withConditions("[\"" + "\\u0041".repeat(100_000) + "\"]"), "line-length"),
                Arguments.of(withConditions("[\"" + "\\u0001".repeat(1400) + "\"]"), "line-length"),
                Arguments.of(withConditions("[\"\"" + ",\"\"".repeat(70_000) + "]"), "line-length"));
    }

    private static String withConditions(String conditions) {
        return "{\"c\":" + conditions + ",\"p\":1,\"s\":\"A\",\"t\":" + TIME + ",\"v\":1}";
    }

    @ParameterizedTest
    @MethodSource("rejected")
    void isRejectedAloneForTheFirstRuleThatItBreaks(String element, String reason) {
        packed.feed(message(trade(1), element, trade(2)));

        assertThat(packed.counted("rejected-trades." + reason)).isEqualTo(1);
        assertThat(packed.trades()).extracting(t -> t.get("volume").intValue()).containsExactly(1, 2);
        assertThat(packed.counted("trades-received")).isEqualTo(3);
        assertThat(packed.counted("trades-published")).isEqualTo(2);
        assertThat(Arrays.stream(Rejection.values()).mapToLong(r -> packed.counted("rejected-trades." + r.label())))
                .as("each rejected trade is counted under one reason")
                .satisfies(counts ->
                        assertThat(counts.stream().mapToLong(c -> c).sum()).isEqualTo(1));
    }

    static Stream<String> accepted() {
        return Stream.of(
                trade("A".repeat(256), "1", TIME, "1"),
                trade("\\u5e01".repeat(85) + "A", "1", TIME, "1"),
                trade("\\u0041".repeat(256), "1", TIME, "1"),
                trade("A", "1." + "0".repeat(1000), TIME, "1"),
                trade("A", "12345678901234567890123456789012345678", TIME, "1e-130"),
                trade("A", "9.9999999999999999999999999999999999999e125", TIME, "0"),
                trade("A", "1", "946684800000", "1"),
                trade("A", "1", "4102444799999.000", "1"),
                trade("A", "1", "1.721555886208e12", "1"),
                trade("A", "1", TIME, "-0.0"),
                "{\"p\":-1,\"p\":1,\"s\":null,\"s\":\"A\",\"t\":" + TIME + ",\"v\":\"x\",\"v\":1,\"x\":{\"p\":[0]}}");
    }

    @ParameterizedTest
    @MethodSource("accepted")
    void isPublishedAtTheEdgeOfARule(String element) {
        packed.feed(message(element));

        assertThat(packed.trades()).hasSize(1);
    }

    @Test
    void mayHaveALineOfTheGreatestLength() {
        int rest = packed.feed(message(withConditions("[\"\"]"))).lines().get(0).length() + 1;
        String longest = "x".repeat(TradeLine.MAX_LENGTH - rest);

        packed.feed(message(withConditions("[\"" + longest + "\"]"), withConditions("[\"" + longest + "y\"]")));

        assertThat(packed.lines()).hasSize(2).last().asString().hasSize(TradeLine.MAX_LENGTH - 1);
        assertThat(packed.counted("rejected-trades.line-length")).isEqualTo(1);
    }

    @Test
    void doesNotTakeAnOrdinal() {
        String longest = withConditions("[\"" + "x".repeat(9000) + "\"]");
        String once = new PackedFrames().feed(message(trade(1))).ids().get(0);

        packed.feed(message(trade("AAPL", "164.06", "1680286537580", "-1"), longest, trade(1)));

        assertThat(packed.ids()).containsExactly(once);
    }
}
