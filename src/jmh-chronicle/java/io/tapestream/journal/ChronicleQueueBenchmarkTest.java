package io.tapestream.journal;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import org.junit.jupiter.api.Test;

class ChronicleQueueBenchmarkTest {
    @Test
    void readsBackEachMessageThatItAppends() throws IOException {
        ChronicleQueueBenchmark benchmark = new ChronicleQueueBenchmark();
        benchmark.open();
        try {
            for (int i = 0; i < 1000; i++) {
                assertThat(benchmark.appendAndRead()).isEqualTo(700);
            }
            assertThat(benchmark.append()).isEqualTo(1001);
        } finally {
            benchmark.close();
        }
    }
}
