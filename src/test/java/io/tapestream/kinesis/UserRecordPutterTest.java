package io.tapestream.kinesis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.codahale.metrics.Histogram;
import io.tapestream.record.UserRecord;
import io.tapestream.record.UserRecords;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import software.amazon.kinesis.producer.DaemonException;

class UserRecordPutterTest {
    @Test
    void beginsAtTheInitialPosition() {
        assertThat(new PutterRig().putter.acknowledgedPosition()).isEqualTo(PutterRig.START_POSITION);
    }

    @Test
    void putsARecordWithItsStreamItsKeysAndItsBytes() {
        PutterRig rig = new PutterRig().primed();

        rig.put("line");

        FakeKinesisProducer.Given given = rig.producer().next();
        assertThat(given.stream()).isEqualTo("stream-finnhub");
        assertThat(given.partitionKey()).isEqualTo("3");
        assertThat(given.explicitHashKey()).isEqualTo("3");
        assertThat(given.text()).isEqualTo("line\n");
    }

    @Test
    void acknowledgementsInAnyOrderAdvanceToTheEndOfTheLongestAcknowledgedPrefix() {
        PutterRig rig = new PutterRig().primed();
        long before = rig.putter.acknowledgedPosition();
        long first = rig.putBatch("a", "b");
        long second = rig.putBatch("c");
        long third = rig.putBatch("d");
        FakeKinesisProducer.Given a = rig.producer().next();
        FakeKinesisProducer.Given b = rig.producer().next();
        FakeKinesisProducer.Given c = rig.producer().next();
        FakeKinesisProducer.Given d = rig.producer().next();

        c.acknowledge();
        b.acknowledge();
        rig.putter.poll();
        assertThat(rig.putter.acknowledgedPosition()).isEqualTo(before);

        a.acknowledge();
        rig.putter.poll();
        assertThat(rig.putter.acknowledgedPosition()).isEqualTo(second).isGreaterThan(first);

        d.acknowledge();
        rig.putter.poll();
        assertThat(rig.putter.acknowledgedPosition()).isEqualTo(third);
    }

    @Test
    void aBatchWithoutRecordsIsAcknowledgedAtOnce() {
        PutterRig rig = new PutterRig();

        assertThat(rig.putBatch()).isEqualTo(rig.putter.acknowledgedPosition());
    }

    @Test
    void aBatchWithoutRecordsWaitsForTheOneBeforeIt() {
        PutterRig rig = new PutterRig().primed();
        rig.putBatch("a");
        long before = rig.putter.acknowledgedPosition();
        rig.putBatch();
        long last = rig.putBatch();
        assertThat(rig.putter.acknowledgedPosition()).isEqualTo(before);

        rig.producer().next().acknowledge();
        rig.putter.poll();

        assertThat(rig.putter.acknowledgedPosition()).isEqualTo(last);
    }

    @Test
    void anOpenBatchIsNotPassedEvenIfAllItsRecordsAreAcknowledged() {
        PutterRig rig = new PutterRig().primed();
        long before = rig.putter.acknowledgedPosition();
        rig.put("a");
        rig.producer().next().acknowledge();
        rig.putter.poll();
        assertThat(rig.putter.acknowledgedPosition()).isEqualTo(before);

        assertThat(rig.endBatch()).isEqualTo(rig.putter.acknowledgedPosition());
    }

    @Test
    void releasesARecordOnceItIsAcknowledged() {
        PutterRig rig = new PutterRig().primed();
        UserRecord userRecord = rig.put("a");
        assertThat(UserRecords.isReleased(userRecord)).isFalse();

        rig.producer().next().acknowledge();
        rig.putter.poll();

        assertThat(UserRecords.isReleased(userRecord)).isTrue();
        assertThat(rig.putter.outstandingRecords()).isZero();
    }

    @Test
    void putsTheSameBytesAgainUntilTheyAreAcknowledged() {
        PutterRig rig = new PutterRig().primed();
        long end = rig.putBatch("the very same bytes");
        for (int failures = 0; failures < 5; failures++) {
            rig.producer().next().refuse("ProvisionedThroughputExceededException");
            rig.putter.poll();
            rig.passToNextWork();
        }
        rig.producer().next().acknowledge();
        rig.putter.poll();

        assertThat(rig.producer().texts().subList(1, 7)).containsOnly("the very same bytes\n");
        assertThat(rig.putter.acknowledgedPosition()).isEqualTo(end);
        assertThat(rig.count("retries")).isEqualTo(5);
        assertThat(rig.count("throttled")).isEqualTo(5);
        assertThat(rig.count("put")).isEqualTo(2);
    }

    @Test
    void putsOnlyTheFailedRecordsAgain() {
        PutterRig rig = new PutterRig().primed();
        rig.putBatch("a", "b", "c");
        rig.producer().next().acknowledge();
        rig.producer().next().refuse("ProvisionedThroughputExceededException");
        rig.producer().next().acknowledge();

        rig.putter.poll();
        rig.passToNextWork();

        assertThat(rig.producer().texts()).containsExactly("primer\n", "a\n", "b\n", "c\n", "b\n");
    }

    @Test
    void aFailedRecordKeepsItsPermit() {
        PutterRig rig = new PutterRig(PutterRig.settings(1 << 20, 1, 1 << 20)).primed();
        rig.putBatch("a");
        rig.producer().next().refuse("InternalFailure");
        rig.putter.poll();

        assertThat(rig.putter.hasRoom()).isFalse();
        assertThat(rig.putter.outstandingRecords()).isEqualTo(1);
    }

    @Test
    void aRecordThatTheProducerCanNeverTakeStopsTheProgram() {
        PutterRig rig = new PutterRig().primed();
        rig.producer().refuseNext(1, new IllegalArgumentException("Data must be less than"));

        assertThatThrownBy(() -> rig.put("secret payload"))
                .isInstanceOf(UnsendableRecordException.class)
                .hasMessage("user record refused by validation: length=15 bucket=3 position>=1100 "
                        + "(a defect: its trades are in the journal and not published)");
    }

    @Test
    void latencyCountsEachTradeFromItsReceipt() {
        PutterRig rig = new PutterRig().primed();
        rig.put("a");
        rig.pass(Duration.ofMillis(40));
        rig.producer().next().acknowledge();
        rig.putter.poll();

        assertThat(rig.putter.latencies().getCount()).isEqualTo(2);
        assertThat(rig.putter.latencies().percentile(100)).isBetween(289L, 292L);
    }

    @Test
    void handOverCountsEachTradeOnceFromItsReceipt() {
        PutterRig rig = new PutterRig().primed();
        Histogram handOver = Objects.requireNonNull(rig.registry.getHistograms().get("kinesis.hand-over-micros"));
        long before = handOver.getCount();
        rig.put("a");
        rig.pass(Duration.ofMillis(40));
        rig.producer().next().refuse("InternalFailure");
        rig.putter.poll();
        rig.passToNextWork();

        assertThat(rig.producer().texts()).endsWith("a\n", "a\n");
        assertThat(handOver.getCount() - before).isEqualTo(1);
        assertThat(handOver.getSnapshot().getMax()).isBetween(250_000L, 253_000L);
    }

    @Test
    void callbacksOnlyQueueAndWake() {
        PutterRig rig = new PutterRig().primed();
        rig.putBatch("a");
        int before = rig.wakeUps.get();

        rig.producer().next().acknowledge();

        assertThat(rig.wakeUps.get()).isEqualTo(before + 1);
        assertThat(rig.putter.outstandingRecords()).isEqualTo(1);
        assertThat(rig.putter.nanosToNextWork()).isZero();
    }

    @Test
    void recordsRefusedWhileTheDaemonRestartsAreTakenLater() {
        PutterRig rig = new PutterRig().primed();
        rig.producer().refuseNext(3, new DaemonException("The child process has been shutdown"));
        rig.putBatch("a", "b");
        while (rig.producer().given().size() < 2) {
            rig.passToNextWork();
        }

        assertThat(rig.producers).hasSize(1);
        assertThat(rig.count("refusals")).isEqualTo(3);
        assertThat(List.copyOf(rig.producer().texts())).endsWith("a\n");
    }
}
