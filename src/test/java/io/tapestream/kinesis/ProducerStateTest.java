package io.tapestream.kinesis;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import software.amazon.kinesis.producer.DaemonException;

class ProducerStateTest {
    private static final Duration NEARLY = Duration.ofMillis(9_900);
    private static final Duration REST = Duration.ofMillis(200);

    private final PutterRig rig = new PutterRig();

    @Test
    void aProducerThatOwesNothingIsWell() {
        rig.primed();
        rig.pass(Duration.ofDays(1));
        assertIs(ProducerState.RUNNING);
        rig.putBatch("a");
        assertIs(ProducerState.RUNNING);
    }

    @Test
    void oneThatCannotBeBuiltIsMissing() {
        for (int failures = 0; failures < 100; failures++) {
            rig.nextProducers.add(() -> {
                throw new IllegalStateException("no space");
            });
        }
        assertTurnsInto(ProducerState.MISSING);
        assertThat(rig.count("failed-producer-builds")).isPositive();

        rig.nextProducers.clear();
        rig.pass(Duration.ofSeconds(5));
        rig.putter.poll();
        assertIs(ProducerState.RUNNING);
    }

    @Test
    void oneThatBringsNoResultIsSilent() {
        rig.primed();
        rig.putBatch("a");
        assertTurnsInto(ProducerState.SILENT);

        rig.producer().next().acknowledge();
        assertIs(ProducerState.RUNNING);
    }

    @Test
    void oneThatBringsFailuresOnlyIsFailing() {
        rig.primed();
        rig.putBatch("a");
        rig.pass(NEARLY);
        rig.producer().next().refuse("AccessDeniedException");
        assertIs(ProducerState.RUNNING);
        rig.pass(REST);
        assertIs(ProducerState.FAILING);
    }

    @Test
    void oneWithoutADaemonIsLost() {
        rig.primed();
        rig.putBatch("a");
        rig.producer().next().loseDaemon();
        rig.putter.poll();
        rig.producer().refuseNext(Integer.MAX_VALUE, new DaemonException("The child process has been shutdown"));
        assertTurnsInto(ProducerState.DAEMON_LOST);
        assertThat(rig.putter.producerState().word()).isEqualTo("daemon-lost");
    }

    private void assertTurnsInto(ProducerState state) {
        rig.pass(NEARLY);
        assertIs(ProducerState.RUNNING);
        rig.pass(REST);
        assertIs(state);
    }

    private void assertIs(ProducerState state) {
        rig.putter.poll();
        assertThat(rig.putter.producerState()).isEqualTo(state);
    }
}
