package io.tapestream.frame;

import io.tapestream.frame.JacksonTree.Parsed;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.function.Function;

/** Compares what a reader makes of messages with what the oracle makes of them, and counts what kind they were. */
final class Agreement {
    private static final int DEPTH_OF_CONDITIONS = 4;

    private final Function<byte[], MessageReading> reader;
    private final JacksonReader oracle = new JacksonReader();

    private int broken;
    private int escapes;
    private int duplicateKeys;
    private int exponents;
    private int nested;

    Agreement(Function<byte[], MessageReading> reader) {
        this.reader = reader;
    }

    /** What both said of a message, if they said different things. */
    Optional<String> disagreement(byte[] message) {
        Optional<Parsed> parsed = oracle.parse(message);
        count(message, parsed);
        MessageReading expected = oracle.reading(parsed);
        MessageReading actual = reader.apply(message);
        return expected.equals(actual)
                ? Optional.empty()
                : Optional.of("message=%s%noracle=%s%nreader=%s"
                        .formatted(new String(message, StandardCharsets.ISO_8859_1), expected, actual));
    }

    /** The first disagreement among {@code count} generated messages. */
    Optional<String> disagreement(long seed, int count) {
        MessageGenerator generator = new MessageGenerator(seed);
        for (int i = 0; i < count; i++) {
            Optional<String> found = disagreement(generator.next());
            if (found.isPresent()) {
                String at = "seed=%d number=%d%n".formatted(seed, i);
                return found.map(at::concat);
            }
        }
        return Optional.empty();
    }

    private void count(byte[] message, Optional<Parsed> parsed) {
        broken += parsed.isPresent() ? 0 : 1;
        escapes += parsed.isPresent() && hasBackslash(message) ? 1 : 0;
        duplicateKeys += parsed.filter(Parsed::duplicateKeys).isPresent() ? 1 : 0;
        exponents += parsed.filter(Parsed::exponents).isPresent() ? 1 : 0;
        nested += parsed.filter(p -> p.depth() > DEPTH_OF_CONDITIONS).isPresent() ? 1 : 0;
    }

    private static boolean hasBackslash(byte[] message) {
        for (byte b : message) {
            if (b == '\\') {
                return true;
            }
        }
        return false;
    }

    /** Messages compared that are not JSON. */
    int broken() {
        return broken;
    }

    /** Valid messages compared with escapes in them. */
    int escapes() {
        return escapes;
    }

    /** Valid messages compared with an object that has a key twice. */
    int duplicateKeys() {
        return duplicateKeys;
    }

    /** Valid messages compared with an exponent in them. */
    int exponents() {
        return exponents;
    }

    /** Valid messages compared that are deeper than a trade's conditions. */
    int nested() {
        return nested;
    }
}
