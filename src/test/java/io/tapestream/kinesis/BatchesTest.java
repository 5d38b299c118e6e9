package io.tapestream.kinesis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tapestream.kinesis.Batches.Batch;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BatchesTest {
    /** A batch as the plain model keeps it. */
    private static final class Modelled {
        private final long end;
        private final List<Batch> open;

        private Modelled(long end, List<Batch> open) {
            this.end = end;
            this.open = open;
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void agreesWithAPlainModelInAnyOrderOfAcknowledgements(long seed) {
        Random random = new Random(seed);
        Batches batches = new Batches(0);
        List<Modelled> model = new ArrayList<>();
        long end = 0;
        for (int step = 0; step < 5000; step++) {
            if (random.nextInt(4) == 0) {
                List<Batch> added = new ArrayList<>();
                for (int records = random.nextInt(4); records > 0; records--) {
                    added.add(batches.add());
                }
                end += 1 + random.nextInt(100);
                batches.end(end);
                model.add(new Modelled(end, added));
            } else {
                acknowledgeAny(batches, model, random);
            }
            long expected = expectedPosition(model);
            assertThat(batches.acknowledgedPosition()).isEqualTo(expected);
            assertThat(batches.aheadBytes()).isEqualTo(end - expected);
        }
    }

    private static void acknowledgeAny(Batches batches, List<Modelled> model, Random random) {
        List<Modelled> open = model.stream().filter(b -> !b.open.isEmpty()).toList();
        if (!open.isEmpty()) {
            Modelled chosen = open.get(random.nextInt(open.size()));
            batches.acknowledge(chosen.open.remove(chosen.open.size() - 1));
        }
    }

    private static long expectedPosition(List<Modelled> model) {
        long position = 0;
        for (Modelled batch : model) {
            if (!batch.open.isEmpty()) {
                break;
            }
            position = batch.end;
        }
        return position;
    }

    @Test
    void refusesAnEndBeforeTheBeginning() {
        Batches batches = new Batches(100);

        assertThatThrownBy(() -> batches.end(99))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("batch ends before it began: position=99 began=100");
    }
}
