package io.tapestream.frame;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class JsonTextTest {
    private static final JsonMapper RAW = new JsonMapper();
    private static final JsonMapper ESCAPED =
            JsonMapper.builder().enable(JsonWriteFeature.ESCAPE_NON_ASCII).build();

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '`',
            value = {
                "``, ``",
                "AAPL, AAPL",
                "\\u0041, A",
                "BTC\\/USD, BTC/USD",
                "A\\\"B\\\\C\\/\\u0041\\ud83d\\ude00, A\"B\\C/A\ud83d\ude00",
                "\\u005Cu0041, \\u0041",
                "\\\\u0041, \\u0041",
                "\\u007f\\u0080\\u07ff\\u0800\\uffff, \u007f\u0080\u07ff\u0800\uffff",
                "\\uD800\\uDC00\\udbff\\udfff, \ud800\udc00\udbff\udfff",
                "\u00e9\\u00e9\u5e01\ud83d\ude00\\n, `\u00e9\u00e9\u5e01\ud83d\ude00\n`",
                "<\\u0001\\b\\f\\n\\r\\t>, `<\u0001\b\f\n\r\t>`"
            })
    void decodesEachKindOfEscape(String escaped, String text) {
        assertThat(decoded(escaped)).isEqualTo(text);
    }

    @ParameterizedTest
    @CsvSource({
        "\\ud800, \uFFFD",
        "\\udfff, \uFFFD",
        "a\\ud800b, a\uFFFDb",
        "\\ud800\\n\\ud800, '\uFFFD\n\uFFFD'",
        "\\ud83d\\ud83d\\ude00, \uFFFD\ud83d\ude00",
        "\\ude00\\ud83d, \uFFFD\uFFFD",
        "\\ud83d\\u0041, \uFFFDA"
    })
    void putsTheReplacementCharacterForHalfAPair(String escaped, String text) {
        assertThat(decoded(escaped)).isEqualTo(text);
    }

    @Property
    void decodesWhatJacksonEscapes(@ForAll("texts") String text) throws JsonProcessingException {
        for (JsonMapper mapper : new JsonMapper[] {RAW, ESCAPED}) {
            String quoted = mapper.writeValueAsString(text);
            assertThat(decoded(quoted.substring(1, quoted.length() - 1))).isEqualTo(text);
        }
    }

    @Property
    void decodesAsJacksonDoesWhenEveryCharacterIsEscaped(@ForAll("texts") String text, @ForAll boolean upperCase)
            throws JsonProcessingException {
        StringBuilder escaped = new StringBuilder();
        for (int i = 0; i < text.length(); i++) {
            String hex = "%04x".formatted((int) text.charAt(i));
            escaped.append("\\u").append(upperCase ? hex.toUpperCase(Locale.ROOT) : hex);
        }
        assertThat(decoded(escaped.toString())).isEqualTo(RAW.readValue("\"" + escaped + "\"", String.class));
    }

    @Provide
    Arbitrary<String> texts() {
        Arbitrary<Integer> codePoints = Arbitraries.integers()
                .between(0, Character.MAX_CODE_POINT)
                .filter(c -> c < Character.MIN_SURROGATE || c > Character.MAX_SURROGATE);
        Arbitrary<Integer> ascii = Arbitraries.integers().between(0, 0x7F);
        return Arbitraries.oneOf(codePoints, ascii).list().ofMaxSize(40).map(JsonTextTest::textOf);
    }

    private static String textOf(List<Integer> codePoints) {
        StringBuilder text = new StringBuilder();
        codePoints.forEach(text::appendCodePoint);
        return text.toString();
    }

    private static String decoded(String escaped) {
        byte[] bytes = escaped.getBytes(StandardCharsets.UTF_8);
        byte[] message = ByteBuffer.allocate(bytes.length + 2).put(1, bytes).array();
        byte[] target = new byte[bytes.length];
        return new String(target, 0, JsonText.decode(message, 1, bytes.length, target), StandardCharsets.UTF_8);
    }
}
