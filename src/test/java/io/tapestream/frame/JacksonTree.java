package io.tapestream.frame;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One JSON text as Jackson reads it with its limits raised: numbers as they were written, the last of duplicate keys,
 * and the traits that make a text hard to read.
 */
final class JacksonTree {
    private static final int UNLIMITED = Integer.MAX_VALUE;
    private static final String HALF_PAIR_IN_KEY = "(?s).*surrogate.* in field name.*";
    private static final Pattern SURROGATE_ESCAPE = Pattern.compile("\\\\u[dD][89a-fA-F]\\p{XDigit}{2}");
    private static final JsonFactory JACKSON = JsonFactory.builder()
            .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(UNLIMITED)
                    .maxNumberLength(UNLIMITED)
                    .maxStringLength(UNLIMITED)
                    .maxNameLength(UNLIMITED)
                    .build())
            .build();

    /** A JSON value. */
    sealed interface Json {}

    /** An object; of duplicate keys the last one. */
    record Members(Map<String, Json> byKey) implements Json {}

    /** An array, and each element as it was written. */
    record Elements(List<Json> values, List<String> sources) implements Json {}

    /** A string, decoded. */
    record Text(String text) implements Json {}

    /** A number as it was written. */
    record Digits(String text) implements Json {}

    /** {@code true}, {@code false} or {@code null}. */
    enum Literal implements Json {
        TRUE,
        FALSE,
        NULL
    }

    private final String text;
    private final JsonParser parser;
    private boolean duplicateKeys;
    private boolean exponents;

    private JacksonTree(String text, JsonParser parser) {
        this.text = text;
        this.parser = parser;
    }

    /**
     * What a text turned out to be.
     *
     * @param root its value
     * @param depth how many objects and arrays lie in each other
     * @param duplicateKeys whether an object has a key twice
     * @param exponents whether a number has an exponent
     */
    record Parsed(Json root, int depth, boolean duplicateKeys, boolean exponents) {}

    /** Empty if Jackson refuses the text, or it is deeper than allowed. */
    static Optional<Parsed> parse(String text, int maxDepth) {
        String readable = text;
        while (true) {
            try {
                return parse(text, readable, maxDepth);
            } catch (JsonParseException e) {
                if (!e.getOriginalMessage().matches(HALF_PAIR_IN_KEY)) {
                    return Optional.empty();
                }
                readable = withoutLastHalfPair(readable, (int) e.getLocation().getCharOffset());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    /**
     * RFC 8259 allows half of a surrogate pair in a key, Jackson does not; as no key of ours has one, another will do.
     */
    private static String withoutLastHalfPair(String text, int end) {
        Matcher halves = SURROGATE_ESCAPE.matcher(text).region(0, end);
        int last = -1;
        while (halves.find()) {
            last = halves.start();
        }
        return text.substring(0, last) + "\\uFFFD" + text.substring(last + "\\uFFFD".length());
    }

    private static Optional<Parsed> parse(String text, String readable, int maxDepth) throws IOException {
        int depth = depthOfSingleValue(readable);
        if (depth < 0 || depth > maxDepth) {
            return Optional.empty();
        }
        try (JsonParser parser = JACKSON.createParser(readable)) {
            JacksonTree tree = new JacksonTree(text, parser);
            Json root = tree.value(parser.nextToken());
            return Optional.of(new Parsed(root, depth, tree.duplicateKeys, tree.exponents));
        }
    }

    private static int depthOfSingleValue(String text) throws IOException {
        int roots = 0;
        int depth = 0;
        int deepest = 0;
        try (JsonParser parser = JACKSON.createParser(text)) {
            for (JsonToken token = parser.nextToken(); token != null; token = parser.nextToken()) {
                parser.finishToken();
                roots += depth == 0 ? 1 : 0;
                depth += token.isStructStart() ? 1 : token.isStructEnd() ? -1 : 0;
                deepest = Math.max(deepest, depth);
            }
        }
        return roots == 1 ? deepest : -1;
    }

    private Json value(JsonToken token) throws IOException {
        return switch (token) {
            case START_OBJECT -> members();
            case START_ARRAY -> elements();
            case VALUE_STRING -> new Text(parser.getText());
            case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> digits();
            case VALUE_TRUE -> Literal.TRUE;
            case VALUE_FALSE -> Literal.FALSE;
            case VALUE_NULL -> Literal.NULL;
            default -> throw new AssertionError(token);
        };
    }

    private Json members() throws IOException {
        Map<String, Json> byKey = new LinkedHashMap<>();
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            String key = parser.currentName();
            duplicateKeys |= byKey.put(key, value(parser.nextToken())) != null;
        }
        return new Members(byKey);
    }

    private Json elements() throws IOException {
        List<Json> values = new ArrayList<>();
        List<String> sources = new ArrayList<>();
        for (JsonToken token = parser.nextToken(); token != JsonToken.END_ARRAY; token = parser.nextToken()) {
            int start = (int) parser.currentTokenLocation().getCharOffset();
            values.add(value(token));
            parser.finishToken();
            sources.add(text.substring(start, (int) parser.currentLocation().getCharOffset()));
        }
        return new Elements(values, sources);
    }

    private Json digits() throws IOException {
        String digits = parser.getText();
        exponents |= digits.contains("e") || digits.contains("E");
        return new Digits(digits);
    }
}
