package io.tapestream.kinesis;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapestream.kinesis.FakeKinesisProducer.Given;
import io.tapestream.record.UserRecord;
import io.tapestream.record.UserRecords;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import software.amazon.kinesis.producer.DaemonException;

class ProducerRecoveryTest {
    private static final Duration STALL_TIMEOUT = PutterRig.settings().stallTimeout();

    private final PutterRig rig = new PutterRig();

    @Test
    void aStalledProducerIsReplacedAndEverythingItOwedIsPutAgainInOrder() {
        rig.nextProducers.add(StallingKinesisProducer::new);
        rig.putter.poll();
        long end = rig.putBatch("a", "b", "c");
        FakeKinesisProducer stalled = rig.producer();

        rig.passToNextWork(); // warns
        assertThat(stalled.isClosed()).isFalse();
        rig.passToNextWork();

        assertThat(stalled.isClosed()).isTrue();
        assertThat(rig.count("stalls")).isEqualTo(1);
        assertThat(rig.count("producer-builds")).isEqualTo(2);
        rig.producer().next().acknowledge();
        rig.putter.poll();
        rig.passToNextWork();
        rig.producer().next().acknowledge();
        rig.producer().next().acknowledge();
        rig.putter.poll();
        assertThat(rig.producer().texts()).containsExactly("a\n", "b\n", "c\n");
        assertThat(rig.putter.acknowledgedPosition()).isEqualTo(end);
    }

    @Test
    void anyResultPutsTheStallOff() {
        rig.primed();
        rig.putBatch("a", "b");
        rig.pass(STALL_TIMEOUT.minusSeconds(1));
        rig.producer().next().acknowledge();
        rig.putter.poll();
        rig.pass(STALL_TIMEOUT.minusSeconds(1));
        rig.putter.poll();

        assertThat(rig.producers).hasSize(1);
    }

    @Test
    void theTimeThatBuildingAProducerTakesIsNoStall() {
        rig.nextProducers.add(() -> {
            rig.pass(STALL_TIMEOUT);
            return new StallingKinesisProducer();
        });
        rig.putBatch("a");
        rig.putter.poll();
        rig.putter.poll();

        assertThat(rig.producer().texts()).containsExactly("a\n");
        assertThat(rig.producers).hasSize(1);
        rig.pass(STALL_TIMEOUT);
        rig.putter.poll();
        assertThat(rig.producers).hasSize(2);
    }

    @Test
    void aProducerThatOwesNothingIsNeverStalled() {
        rig.primed();
        rig.pass(Duration.ofDays(1));
        rig.putter.poll();
        rig.putBatch("a");
        rig.putter.poll();

        assertThat(rig.producers).hasSize(1);
    }

    @Test
    void aRecordWhoseResultNeverComesIsPutAgainThoughOthersHaveTheirs() {
        rig.primed();
        long end = rig.putBatch("lost");
        rig.producer().next();
        passWithOthersAcknowledged(rig, STALL_TIMEOUT);
        assertThat(rig.putter.acknowledgedPosition()).isLessThan(end);

        for (int turn = 0; turn < 10 && rig.count("retries") == 0; turn++) {
            rig.passToNextWork();
        }

        assertThat(rig.producer().texts()).containsOnlyOnce("primer\n").endsWith("lost\n");
        assertThat(rig.count("overdue")).isEqualTo(1);
        rig.producer().next().acknowledge();
        rig.putter.poll();
        assertThat(rig.putter.acknowledgedPosition()).isGreaterThan(end);
        assertThat(rig.putter.outstandingRecords()).isZero();
        assertThat(rig.producers).hasSize(1);
    }

    @Test
    void anOverdueResultThatComesAfterAllCountsOnce() {
        rig.primed();
        rig.putBatch("late");
        Given late = rig.producer().next();
        passWithOthersAcknowledged(rig, STALL_TIMEOUT);
        assertThat(rig.count("overdue")).isEqualTo(1);

        late.acknowledge();
        rig.putter.poll();
        rig.pass(Duration.ofDays(1));
        rig.putter.poll();
        rig.putBatch("next");
        rig.putter.poll();

        assertThat(rig.count("retries")).isZero();
        assertThat(rig.putter.outstandingRecords()).isEqualTo(1);
        assertThat(rig.count("stalls")).isZero();
        rig.passToNextWork(); // warns: what is owed is known
        rig.passToNextWork();
        assertThat(rig.count("stalls")).isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource({"50, 0", "51, 1"})
    void aProducerThatMayHoldMoreThanHalfOfWhatMayBeOutstandingInOverdueRecordsIsReplaced(int lost, int givenUp) {
        PutterRig of100 = new PutterRig(PutterRig.settings(1 << 20, 100, 1 << 20)).primed();
        putAndLose(of100, "lost", lost);
        passWithOthersAcknowledged(of100, STALL_TIMEOUT);

        assertThat(of100.count("overdue")).isEqualTo(lost);
        assertThat(of100.count("producers-given-up")).isEqualTo(givenUp);
        assertThat(of100.producers.get(0).isClosed()).isEqualTo(givenUp > 0);
        assertThat(of100.count("stalls")).isZero();
        assertThat(of100.putter.outstandingRecords()).isEqualTo(lost);
    }

    @ParameterizedTest
    @CsvSource({"5, 0", "6, 1"})
    void overdueRecordsAreCountedInBytesToo(int lost, int givenUp) {
        PutterRig of1000Bytes = new PutterRig(PutterRig.settings(1000, 1000, 1 << 20)).primed();
        putAndLose(of1000Bytes, "x".repeat(99), lost);
        passWithOthersAcknowledged(of1000Bytes, STALL_TIMEOUT);

        assertThat(of1000Bytes.count("overdue")).isEqualTo(lost);
        assertThat(of1000Bytes.count("producers-given-up")).isEqualTo(givenUp);
    }

    @Test
    void whatAProducerHasBroughtAfterAllItDoesNotHold() {
        int most = PutterRig.settings().maxOutstandingRecords() / 2;
        rig.primed();
        for (int time = 0; time < 3; time++) {
            List<Given> late = putAndLose(rig, "late", most);
            passWithOthersAcknowledged(rig, STALL_TIMEOUT);
            late.forEach(Given::acknowledge);
            rig.putter.poll();
        }

        assertThat(rig.count("overdue")).isEqualTo(3L * most);
        assertThat(rig.producers).hasSize(1);
    }

    private static List<Given> putAndLose(PutterRig rig, String text, int count) {
        List<Given> lost = new ArrayList<>();
        for (int put = 0; put < count; put++) {
            rig.putBatch(text);
            lost.add(rig.producer().next());
        }
        return lost;
    }

    /** Lets time pass in which records are put and acknowledged. */
    private static void passWithOthersAcknowledged(PutterRig rig, Duration time) {
        for (int part = 0; part < 10; part++) {
            rig.putBatch("other");
            rig.producer().next().acknowledge();
            rig.pass(time.dividedBy(10));
            rig.putter.poll();
        }
    }

    @Test
    void anOldProducersLateAcknowledgementCountsOnce() {
        rig.primed();
        UserRecord a = rig.put("a");
        long end = rig.endBatch();
        rig.putBatch("b");
        Given old = rig.producer().given().get(1);
        rig.pass(STALL_TIMEOUT.plusSeconds(1));
        StallingKinesisProducer replacement = new StallingKinesisProducer();
        rig.nextProducers.add(() -> replacement);
        rig.producers.get(0).next(); // a stays without a result when the producer is closed
        rig.putter.poll();
        assertThat(replacement.texts()).containsExactly("a\n");

        old.acknowledge();
        rig.putter.poll();
        assertThat(rig.putter.acknowledgedPosition()).isEqualTo(end);
        assertThat(UserRecords.isReleased(a)).isTrue();

        replacement.next().acknowledge();
        rig.putter.poll();
        assertThat(rig.count("acknowledged")).isEqualTo(2);
        assertThat(rig.putter.outstandingRecords()).isEqualTo(1);
    }

    @Test
    void aRecordAcknowledgedLateIsNotPutAgain() {
        rig.primed();
        rig.putBatch("a", "b");
        Given a = rig.producer().next();
        Given b = rig.producer().next();
        rig.pass(STALL_TIMEOUT.plusSeconds(1));
        rig.putter.poll();
        b.acknowledge();
        rig.putter.poll();
        rig.producer().next().acknowledge();
        rig.putter.poll();
        rig.pass(PutterRig.SETTLED);
        rig.putter.poll();

        assertThat(rig.producer().texts()).containsExactly("a\n");
        assertThat(rig.putter.outstandingRecords()).isZero();
        a.refuse("Expired");
        rig.putter.poll();
        assertThat(rig.putter.outstandingRecords()).isZero();
    }

    @Test
    void anOldProducersFailureIsIgnored() {
        rig.primed();
        rig.putBatch("a");
        rig.pass(STALL_TIMEOUT.plusSeconds(1));

        rig.putter.poll();
        rig.putter.poll();

        assertThat(rig.producers).hasSize(2);
        assertThat(rig.producer().texts()).containsExactly("a\n");
        assertThat(rig.count("primings")).isEqualTo(2);
        assertThat(rig.count("retries")).isEqualTo(1);
    }

    @Test
    void aProducerThatKeepsRefusingIsReplaced() {
        rig.primed();
        rig.producer().refuseNext(Integer.MAX_VALUE, new DaemonException("The child process has been shutdown"));
        rig.putBatch("a", "b");
        while (rig.producers.size() == 1) {
            rig.passToNextWork();
        }

        assertThat(rig.producers.get(0).isClosed()).isTrue();
        assertThat(rig.producer().texts()).containsExactly("a\n");
        assertThat(rig.count("refusals")).isGreaterThan(2);
        assertThat(rig.count("daemon-losses")).isEqualTo(1);
    }

    @Test
    void aProducerWhoseDaemonDiesAgainAndAgainIsReplaced() {
        rig.primed();
        rig.putBatch("a");
        while (rig.producers.size() == 1) {
            rig.producer().next().loseDaemon();
            rig.putter.poll();
            rig.passToNextWork();
            rig.pass(Duration.ofSeconds(1));
        }

        assertThat(rig.producer().texts()).containsExactly("a\n");
        assertThat(rig.count("stalls")).isZero();
    }

    @Test
    void aDaemonThatIsLostFiveTimesInARowIsNotWaitedFor() {
        rig.primed();
        rig.putBatch("a");
        for (int losses = 0; losses < 5; losses++) {
            assertThat(rig.producers).hasSize(1);
            rig.producer().next().loseDaemon();
            rig.putter.poll();
            rig.passToNextWork();
        }

        assertThat(rig.producers.get(0).isClosed()).isTrue();
        assertThat(rig.producer().texts()).containsExactly("a\n");
        assertThat(rig.count("daemon-losses")).isEqualTo(5);
        assertThat(rig.count("producers-given-up")).isEqualTo(1);
    }

    @Test
    void producersWhoseDaemonsNeverAnswerAreReplacedWithBackoff() {
        rig.putBatch("a");
        rig.putter.poll();
        long builds = rig.count("producer-builds");
        long waited = 0;
        while (rig.count("producers-given-up") < 20) {
            if (rig.count("producer-builds") > builds) {
                builds = rig.count("producer-builds");
            } else if (rig.putter.outstandingRecords() > 0 && rig.producer().isClosed()) {
                waited += rig.putter.nanosToNextWork();
                rig.passToNextWork();
                continue;
            }
            rig.producer().next().loseDaemon();
            rig.putter.poll();
            if (!rig.producer().isClosed()) {
                rig.passToNextWork();
            }
        }

        assertThat(Duration.ofNanos(waited)).isGreaterThan(Duration.ofSeconds(5));
    }

    @Test
    void aProducerThatRestartsItsDaemonInTimeIsKept() {
        rig.primed();
        for (int losses = 0; losses < 20; losses++) {
            rig.putBatch("a");
            rig.producer().next().loseDaemon();
            rig.putter.poll();
            rig.passToNextWork();
            rig.pass(Duration.ofSeconds(9));
            rig.producer().next().acknowledge();
            rig.putter.poll();
            rig.passToNextWork();
        }

        assertThat(rig.producers).hasSize(1);
    }

    @Test
    void aProducerThatCannotBeBuiltIsTriedAgainWithBackoff() {
        for (int failures = 0; failures < 20; failures++) {
            rig.nextProducers.add(() -> {
                throw new IllegalStateException("Could not copy native binaries");
            });
        }
        rig.putBatch("a");
        long waited = 0;
        rig.putter.poll();
        while (rig.producers.isEmpty()) {
            waited += rig.putter.nanosToNextWork();
            rig.passToNextWork();
        }

        assertThat(rig.producer().texts()).containsExactly("a\n");
        assertThat(rig.count("producer-builds")).isEqualTo(1);
        assertThat(Duration.ofNanos(waited)).isBetween(Duration.ofSeconds(5), Duration.ofSeconds(100));
    }

    @Test
    void closingEndsTheProducerAndLeavesTheRestUnacknowledged() {
        rig.primed();
        long before = rig.putter.acknowledgedPosition();
        rig.putBatch("a");
        rig.putBatch("b");
        rig.producer().next();

        rig.putter.close();

        assertThat(rig.producer().isClosed()).isTrue();
        assertThat(rig.putter.acknowledgedPosition()).isEqualTo(before);
        assertThat(rig.putter.outstandingRecords()).isEqualTo(2);
    }

    @Test
    void closingCountsWhatIsAcknowledgedBeforeItReturns() {
        rig.primed();
        long end = rig.putBatch("a");
        rig.producer().next().acknowledge();

        rig.putter.close();

        assertThat(rig.putter.acknowledgedPosition()).isEqualTo(end);
    }

    @Test
    void aFlushIsHandedOn() {
        rig.primed();
        rig.putter.flush();

        assertThat(rig.producer().flushes()).isEqualTo(1);
    }
}
