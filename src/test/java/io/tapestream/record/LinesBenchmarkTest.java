package io.tapestream.record;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class LinesBenchmarkTest {
    private final LinesBenchmark benchmark = new LinesBenchmark();
    private final List<String> lines = new ArrayList<>();

    @BeforeEach
    void readCaptures() throws IOException {
        benchmark.readCaptures();
        benchmark.observe(
                pack -> new String(pack, StandardCharsets.UTF_8).lines().forEach(lines::add));
    }

    @Test
    void makesTheSameLinesInEachWay() throws IOException {
        benchmark.tapestream();
        List<String> ours = taken();
        benchmark.jacksonStreaming();
        List<String> streaming = taken();
        benchmark.jacksonDatabind();

        assertThat(ours).hasSize(LinesBenchmark.TRADES);
        assertThat(streaming).isEqualTo(ours);
        assertThat(taken()).isEqualTo(ours);
    }

    @Test
    void makesTheSameLinesInEachPass() throws IOException {
        benchmark.jacksonStreaming();
        List<String> first = taken();
        benchmark.jacksonStreaming();

        assertThat(taken()).isEqualTo(first);
    }

    private List<String> taken() {
        List<String> taken = lines.stream().sorted().toList();
        lines.clear();
        return taken;
    }
}
