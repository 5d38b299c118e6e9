package io.tapestream.journal;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import org.junit.jupiter.api.Test;

/** What the benchmark measures is what it says. */
class JournalBenchmarkCorrectnessTest {
    @Test
    void appendsAndReadsBackOverSeveralSegments() throws IOException {
        JournalBenchmark benchmark = new JournalBenchmark();
        benchmark.open();
        try {
            long before = benchmark.append();
            assertThat(benchmark.append() - before).isEqualTo(EntryLayout.aligned(32 + 700));
            for (int i = 0; i < 100_000; i++) {
                assertThat(benchmark.appendAndRead()).isEqualTo(700);
            }
            assertThat(benchmark.append()).isGreaterThan(4L * (16 << 20));
        } finally {
            benchmark.close();
        }
    }
}
