package io.tapestream.frame;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import org.junit.jupiter.api.Test;

class ParsersBenchmarkTest {
    @Test
    void seesTheSameTradesWithEachParser() throws IOException {
        var benchmark = new ParsersBenchmark();
        benchmark.readCaptures();

        long seen = benchmark.walker();

        assertThat(seen).isGreaterThan(10L * ParsersBenchmark.TRADES);
        assertThat(benchmark.jacksonStreaming()).isEqualTo(seen);
        assertThat(benchmark.jacksonDatabind()).isEqualTo(seen);
        assertThat(benchmark.fastjson2()).isEqualTo(seen);
    }
}
