package io.tapestream.frame;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The walker and Jackson agree: accept or reject, and every field. */
class JacksonAgreementTest {
    private static final int GENERATED = 100_000;

    private final Agreement agreement = new Agreement(new WalkerReader());

    static List<String> payloads() {
        return Messages.payloadNames();
    }

    @ParameterizedTest
    @MethodSource("payloads")
    void agreesOnEveryPayload(String name) {
        assertThat(agreement.disagreement(Messages.payload(name))).isEmpty();
    }

    @Test
    void agreesOnEveryCapturedFrame() {
        List<byte[]> frames = Messages.capturedFrames();
        assertThat(frames).hasSizeGreaterThan(400);
        for (byte[] frame : frames) {
            assertThat(agreement.disagreement(frame)).isEmpty();
        }
    }

    /** The shares of hard messages count valid ones only, because there every field is compared. */
    @Test
    void agreesOnGeneratedMessages() {
        long seed = Long.getLong("tapestream.test.seed", System.nanoTime());
        assertThat(agreement.disagreement(seed, GENERATED)).isEmpty();
        assertThat(agreement.broken()).as("broken").isGreaterThan(GENERATED * 3 / 10);
        assertThat(List.of(agreement.escapes(), agreement.duplicateKeys(), agreement.exponents(), agreement.nested()))
                .as("escapes, duplicate keys, exponents, nesting")
                .allMatch(n -> n > GENERATED / 10);
    }
}
