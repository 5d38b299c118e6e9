package io.tapestream.record;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class OccurrenceMapTest {
    private final OccurrenceMap map = new OccurrenceMap();

    @Test
    void countsHowOftenAHashWasAdded() {
        assertThat(map.add(7, 9)).isZero();
        assertThat(map.add(7, 9)).isEqualTo(1);
        assertThat(map.count(7, 9)).isEqualTo(2);
        assertThat(map.size()).isEqualTo(1);
    }

    @Test
    void knowsTheHashOfZerosFromNothing() {
        assertThat(map.count(0, 0)).isZero();
        assertThat(map.add(0, 0)).isZero();
        assertThat(map.add(0, 0)).isEqualTo(1);
    }

    @Test
    void keepsHashesApartThatShareASlot() {
        for (long i = 0; i < 5000; i++) {
            assertThat(map.add(42, i << 32)).isZero();
            assertThat(map.add(42 | ((i + 1) << 32), 0)).isZero();
        }
        for (long i = 0; i < 5000; i++) {
            assertThat(map.count(42, i << 32)).isEqualTo(1);
            assertThat(map.count(42 | ((i + 1) << 32), 0)).isEqualTo(1);
        }
        assertThat(map.count(42, 5000L << 32)).isZero();
        assertThat(map.size()).isEqualTo(10_000);
    }

    @Test
    void growsToAWholeSegmentOfDifferentTrades() {
        int many = 450_000;
        for (int i = 0; i < many; i++) {
            assertThat(map.add(i, i * 0x9E3779B97F4A7C15L)).isZero();
        }
        assertThat(map.size()).isEqualTo(many);
    }

    @Test
    void isEmptyWhenCleared() {
        map.add(1, 2);
        map.clear();

        assertThat(map.size()).isZero();
        assertThat(map.count(1, 2)).isZero();
    }

    @Property(tries = 200)
    void agreesWithAMapOfTheLibrary(@ForAll @Size(max = 3000) List<@IntRange(max = 700) Integer> values) {
        var underTest = new OccurrenceMap();
        Map<Integer, Integer> counts = new HashMap<>();
        for (int value : values) {
            int before = counts.merge(value, 1, Integer::sum) - 1;
            assertThat(underTest.add(value % 3, (long) value << 32)).isEqualTo(before);
        }
        assertThat(underTest.size()).isEqualTo(counts.size());
        counts.forEach((value, count) ->
                assertThat(underTest.count(value % 3, (long) value << 32)).isEqualTo(count));
    }
}
