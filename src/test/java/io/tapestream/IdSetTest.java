package io.tapestream;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class IdSetTest {
    @Test
    void holdsWhatASetHolds() {
        Random random = new Random(7);
        Set<String> model = new HashSet<>();
        IdSet ids = new IdSet();
        for (int i = 0; i < 20_000; i++) {
            long high = random.nextInt(100);
            long low = random.nextInt(100) * 1024L; // many of one place

            assertThat(ids.contains(high, low)).isEqualTo(model.contains(high + "," + low));
            assertThat(ids.add(high, low)).isEqualTo(model.add(high + "," + low));
        }
        assertThat(ids.size()).isEqualTo(model.size());
    }

    @Test
    void holdsTheIdOfZerosOnlyWhenItWasAdded() {
        IdSet ids = new IdSet();
        assertThat(ids.contains(0, 0)).isFalse();

        assertThat(ids.add(0, 0)).isTrue();

        assertThat(ids.add(0, 0)).isFalse();
        assertThat(ids.contains(0, 0)).isTrue();
        assertThat(ids.size()).isEqualTo(1);
    }

    @Test
    void keepsAllWhenItGrows() {
        IdSet ids = new IdSet();
        for (long i = 0; i < 100_000; i++) {
            assertThat(ids.add(i, -i)).isTrue();
        }
        for (long i = 0; i < 100_000; i++) {
            assertThat(ids.contains(i, -i)).isTrue();
        }
        assertThat(ids.contains(1, 1)).isFalse();
    }
}
