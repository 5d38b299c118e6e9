package io.tapestream.kinesis;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class PrimingTest {
    private final PutterRig rig = new PutterRig();

    @Test
    void onlyOneRecordIsOutUntilItIsAcknowledgedAndTheProducerHasSettled() {
        rig.putter.poll();
        rig.putBatch("a", "b", "c");
        assertThat(rig.producer().texts()).containsExactly("a\n");
        assertThat(rig.putter.hasRoom()).isFalse();

        rig.producer().next().acknowledge();
        rig.putter.poll();
        assertThat(rig.producer().texts()).containsExactly("a\n");
        assertThat(rig.putter.hasRoom()).isFalse();

        rig.passToNextWork();
        assertThat(rig.producer().texts()).containsExactly("a\n", "b\n", "c\n");
        assertThat(rig.putter.hasRoom()).isTrue();
    }

    @Test
    void aFirstBatchMayComeBeforeTheProducerIsBuilt() {
        assertThat(rig.putter.hasRoom()).isTrue();
        rig.putBatch("a", "b");
        assertThat(rig.producers).isEmpty();
        assertThat(rig.putter.nanosToNextWork()).isZero();

        rig.putter.poll();

        assertThat(rig.producer().texts()).containsExactly("a\n");
    }

    @Test
    void anotherRecordPrimesWhereTheFirstFails() {
        rig.putter.poll();
        rig.putBatch("a", "b");

        rig.producer().next().refuse("InternalFailure");
        rig.putter.poll();

        assertThat(rig.producer().texts()).containsExactly("a\n", "b\n");
    }

    @Test
    void primesAgainAfterTheDaemonWasLost() {
        rig.primed();
        rig.putBatch("a", "b");
        rig.producer().next().loseDaemon();
        rig.producer().next().loseDaemon();
        rig.putter.poll();
        assertThat(rig.putter.hasRoom()).isFalse(); // one of the two primes

        rig.pass(Duration.ofSeconds(1));
        rig.putter.poll();
        assertThat(rig.producer().given()).hasSize(4);

        rig.producer().next().acknowledge();
        rig.putter.poll();
        rig.passToNextWork();
        assertThat(rig.producer().given()).hasSize(5);
        assertThat(rig.count("primings")).isEqualTo(2);
    }

    @Test
    void primesAgainOnceWhenTheShardsChange() {
        rig.primed();
        rig.putBatch("a", "b", "c");
        rig.producer().next().acknowledge("Wrong Shard");
        rig.producer().next().acknowledge("Wrong Shard");
        rig.putter.poll();
        assertThat(rig.count("primings")).isEqualTo(2);
        assertThat(rig.count("wrong-shard")).isEqualTo(2);

        assertThat(rig.putter.hasRoom()).isTrue();
        rig.putBatch("d", "e");
        assertThat(rig.producer().texts()).endsWith("c\n", "d\n");
        assertThat(rig.putter.hasRoom()).isFalse();

        // What was put before the shards changed says nothing of the new ones.
        rig.producer().next().acknowledge("Wrong Shard");
        rig.producer().next().acknowledge();
        rig.putter.poll();
        assertThat(rig.count("primings")).isEqualTo(2);
        rig.passToNextWork();
        assertThat(rig.producer().texts()).endsWith("d\n", "e\n");
    }

    @Test
    void waitsForAResultAndNotForTimeWhileARecordPrimes() {
        rig.putter.poll();
        rig.putBatch("a", "b");

        assertThat(Duration.ofNanos(rig.putter.nanosToNextWork())).isGreaterThanOrEqualTo(Duration.ofSeconds(10));
    }
}
