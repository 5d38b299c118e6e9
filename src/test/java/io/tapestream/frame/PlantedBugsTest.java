package io.tapestream.frame;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The comparison of {@link JacksonAgreementTest} finds bugs: each of these is planted into the walker's code. */
class PlantedBugsTest {
    private static final int GENERATED = 50_000;

    static List<Arguments> bugs() {
        return List.of(
                arguments(
                        "the first of duplicate fields wins",
                        "TradeSlots.java",
                        "slots[slot + field] = offset;",
                        "if (slots[slot + field] >= 0) return; slots[slot + field] = offset;"),
                arguments(
                        "trades of an earlier data stay",
                        "FrameWalker.java",
                        "data() {\n        trades.clear();",
                        "data() {"),
                arguments(
                        "a later type of another JSON type is passed over",
                        "FrameWalker.java",
                        ": NO_TYPE;",
                        ": typeOffset;"),
                arguments("keys are compared with their escapes", "JsonName.java", "if (escaped)", "if (false)"),
                arguments(
                        "half a pair is passed over",
                        "JsonScanner.java",
                        "loneSurrogate |= !paired",
                        "loneSurrogate |= false"),
                arguments(
                        "text may end before its brackets are closed",
                        "JsonScanner.java",
                        "if (peek() != closing)",
                        "if (at == limit) return false; if (peek() != closing)"),
                arguments("text goes on after the JSON", "JsonScanner.java", "if (at != limit)", "if (at > limit)"),
                arguments(
                        "numbers begin with zeros",
                        "JsonScanner.java",
                        "byteAt(i) == '0' ? i + 1 : digits(i)",
                        "digits(i)"),
                arguments("UTF-8 holds surrogates", "JsonScanner.java", "lead == 0xED ? 0x9F : 0xBF", "0xBF"),
                arguments("a key may be a control character", "JsonScanner.java", "b >= ' ' &&", "b > 0 &&"),
                arguments("control characters are plain", "JsonScanner.java", "word - ' ' * EACH_BYTE", "word"),
                arguments("a colon is a digit", "JsonScanner.java", "(0x80 - 10)", "(0x80 - 11)"),
                arguments("one level is too deep", "JsonScanner.java", "++depth > MAX_DEPTH", "++depth >= MAX_DEPTH"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("bugs")
    void areFound(String bug, String file, String original, String replacement) throws Exception {
        Function<byte[], MessageReading> mutant = MutantWalker.with(file, original, replacement);
        assertThat(new Agreement(mutant).disagreement(1, GENERATED)).as(bug).isPresent();
    }

    @Test
    void areTheOnlyReasonForADisagreement() throws Exception {
        Function<byte[], MessageReading> same =
                MutantWalker.with("JsonScanner.java", "MAX_DEPTH = 512", "MAX_DEPTH = 512");
        assertThat(new Agreement(same).disagreement(1, GENERATED / 10)).isEmpty();
    }
}
