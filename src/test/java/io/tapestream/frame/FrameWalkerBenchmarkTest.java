package io.tapestream.frame;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapestream.frame.MessageReading.TradeReading;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class FrameWalkerBenchmarkTest {
    @Test
    void visitsEveryTradeOfTheCaptures() {
        FrameWalkerBenchmark benchmark = new FrameWalkerBenchmark();
        benchmark.readCaptures();
        List<TradeReading> trades = Messages.capturedFrames().stream()
                .map(new JacksonReader())
                .flatMap(reading -> reading.trades().stream())
                .toList();
        assertThat(trades).hasSize(FrameWalkerBenchmark.TRADES);
        assertThat(benchmark.walk())
                .isEqualTo(trades.stream()
                        .mapToLong(FrameWalkerBenchmarkTest::seen)
                        .sum());
    }

    private static long seen(TradeReading t) {
        String fields = t.symbol() + t.price() + t.volume() + t.tradedAt();
        return fields.getBytes(StandardCharsets.UTF_8).length;
    }
}
