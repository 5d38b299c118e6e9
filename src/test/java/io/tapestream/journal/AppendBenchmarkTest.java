package io.tapestream.journal;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class AppendBenchmarkTest {
    private final AppendBenchmark benchmark = new AppendBenchmark();

    @BeforeEach
    void open() throws IOException {
        benchmark.open();
    }

    @AfterEach
    void close() throws IOException {
        benchmark.close();
    }

    @Test
    void appendsEachMessageOverSeveralSegments() {
        benchmark.keep();
        long end = benchmark.journal();
        for (int i = 0; i < 10; i++) {
            benchmark.keep();
            long next = benchmark.journal();
            assertThat(next - end)
                    .isBetween((long) AppendBenchmark.MESSAGES * (32 + 700), (long) AppendBenchmark.MESSAGES * 740);
            end = next;
        }
    }

    @Test
    void writesEachMessageToTheFile() throws IOException {
        assertThat(benchmark.fileChannel()).isEqualTo(AppendBenchmark.MESSAGES * 700L);
        assertThat(benchmark.fileChannel()).isEqualTo(2 * AppendBenchmark.MESSAGES * 700L);
    }
}
