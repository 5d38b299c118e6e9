package io.tapestream.record;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import org.junit.jupiter.api.Test;

class RecordPackerBenchmarkTest {
    @Test
    void packsEachTradeOfTheCapturesInEachPass() throws IOException {
        var benchmark = new RecordPackerBenchmark();
        benchmark.readCaptures();

        long firstPass = benchmark.pack();
        long secondPass = benchmark.pack() - firstPass;

        assertThat(benchmark.tradesPublished()).isEqualTo(2L * RecordPackerBenchmark.TRADES);
        assertThat(secondPass).isEqualTo(firstPass);
    }
}
