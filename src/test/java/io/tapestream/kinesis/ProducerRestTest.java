package io.tapestream.kinesis;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class ProducerRestTest {
    private final PutterRig rig = new PutterRig();

    @Test
    void noneIsBuiltWhileItRestsAndNobodyIsWoken() {
        rig.putter.rest(true);
        rig.putter.poll();

        assertThat(rig.producers).isEmpty();
        assertThat(rig.putter.nanosToNextWork()).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void oneThatOwesNothingIsEnded() {
        rig.primed();
        rig.putter.rest(true);

        assertThat(rig.producer().isClosed()).isTrue();
        rig.putter.poll();
        assertThat(rig.producers).hasSize(1);
    }

    @Test
    void oneThatOwesAResultIsNot() {
        rig.primed();
        long position = rig.putBatch("a");
        rig.putter.rest(true);
        assertThat(rig.producer().isClosed()).isFalse();

        rig.producer().next().acknowledge();
        rig.putter.poll();
        rig.putter.rest(true);

        assertThat(rig.producer().isClosed()).isTrue();
        assertThat(rig.putter.acknowledgedPosition()).isEqualTo(position);
    }

    @Test
    void aRestIsNoTrouble() {
        rig.primed();
        rig.putter.rest(true);
        rig.pass(Duration.ofDays(2));
        rig.putter.poll();

        assertThat(rig.putter.producerState()).isEqualTo(ProducerState.RUNNING);
    }

    @Test
    void itIsBuiltAndPrimedWhenItIsWoken() {
        rig.primed();
        rig.putter.rest(true);
        rig.putter.rest(false);
        rig.putter.poll();

        assertThat(rig.producers).hasSize(2);
        assertThat(rig.count("primings")).isEqualTo(2);
        assertThat(rig.putter.hasRoom()).isTrue();
    }

    @Test
    void aRecordWakesIt() {
        rig.putter.rest(true);
        long position = rig.putBatch("a");
        assertThat(rig.putter.nanosToNextWork()).isZero();
        rig.putter.poll();
        rig.producer().next().acknowledge();
        rig.putter.poll();

        assertThat(rig.putter.acknowledgedPosition()).isEqualTo(position);
    }
}
