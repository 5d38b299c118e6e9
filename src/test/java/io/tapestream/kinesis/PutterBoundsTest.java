package io.tapestream.kinesis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.codahale.metrics.MetricRegistry;
import io.tapestream.kinesis.FakeKinesisProducer.Given;
import io.tapestream.record.UserRecords;
import java.time.Duration;
import java.time.InstantSource;
import java.util.NoSuchElementException;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class PutterBoundsTest {
    private static final long PLENTY = 1L << 40;

    @Test
    void hasNoRoomAtTheBoundOfRecords() {
        PutterRig rig = new PutterRig(PutterRig.settings(PLENTY, 3, PLENTY)).primed();
        rig.putBatch("a", "b");
        assertThat(rig.putter.hasRoom()).isTrue();

        rig.putBatch("c");
        assertThat(rig.putter.hasRoom()).isFalse();

        rig.producer().next().acknowledge();
        rig.putter.poll();
        assertThat(rig.putter.hasRoom()).isTrue();
    }

    @Test
    void hasNoRoomAtTheBoundOfMemory() {
        int capacity = UserRecords.of("a", 0, 0).capacity();
        PutterRig rig = new PutterRig(PutterRig.settings(2L * capacity, 1000, PLENTY)).primed();
        rig.putBatch("a");
        assertThat(rig.putter.hasRoom()).isTrue();

        rig.putBatch("b");
        assertThat(rig.putter.hasRoom()).isFalse();
        assertThat(rig.gauge("outstanding-bytes")).isEqualTo(2L * capacity);
    }

    @Test
    void hasNoRoomWhenOneSlowRecordHoldsTheCheckpointTooFarBack() {
        PutterRig rig = new PutterRig(PutterRig.settings(PLENTY, 1000, 300)).primed();
        rig.putBatch("slow");
        Given slow = rig.producer().next();
        rig.putBatch();
        assertThat(rig.putter.hasRoom()).isTrue();

        rig.putBatch();
        assertThat(rig.putter.hasRoom()).isFalse();

        slow.acknowledge();
        rig.putter.poll();
        assertThat(rig.putter.hasRoom()).isTrue();
    }

    @Test
    void eachWaitForRoomIsCountedOnce() {
        PutterRig rig = new PutterRig(PutterRig.settings(PLENTY, 1, PLENTY)).primed();
        assertThat(rig.putter.hasRoom()).isTrue();
        long before = rig.count("room-waits");
        rig.putBatch("a");
        rig.putter.hasRoom();
        rig.putter.hasRoom();

        assertThat(rig.count("room-waits")).isEqualTo(before + 1);
    }

    @Test
    void aProducerThatNeverAnswersIsGivenNoMoreThanTheBound() {
        PutterRig rig = new PutterRig(PutterRig.settings(PLENTY, 50, PLENTY));
        for (int i = 0; i < 10; i++) {
            rig.nextProducers.add(StallingKinesisProducer::new);
        }
        for (int polls = 0; polls < 1000; polls++) {
            rig.putter.poll();
            if (rig.putter.hasRoom()) {
                rig.putBatch("trade");
            }
            rig.pass(Duration.ofMillis(250));
        }

        assertThat(rig.putter.outstandingRecords()).isLessThanOrEqualTo(50);
        assertThat(rig.count("stalls")).isEqualTo(4);
        assertThat(rig.producer().given().size()).isLessThanOrEqualTo(50);
    }

    @Test
    void callbacksOfManyThreadsNeitherBlockNorGetLost() throws InterruptedException {
        FakeKinesisProducer producer = new FakeKinesisProducer();
        AtomicInteger wakeUps = new AtomicInteger();
        UserRecordPutter putter = new UserRecordPutter(
                PutterRig.settings(PLENTY, 1_000_000, PLENTY),
                0,
                () -> producer,
                new Clocks(InstantSource.system(), System::nanoTime, new Random(1)),
                wakeUps::incrementAndGet,
                new MetricRegistry());
        ExecutorService callbacks = Executors.newFixedThreadPool(8);
        for (int i = 0; i < 8; i++) {
            callbacks.execute(() -> acknowledgeUntilInterrupted(producer));
        }
        int count = 20_000;
        for (int i = 1; i <= count; i++) {
            putter.put(UserRecords.of("trade " + i, i % 32, 0));
            putter.endBatch(i);
            putter.poll();
        }
        await().pollInSameThread().atMost(Duration.ofSeconds(20)).until(() -> {
            putter.poll();
            return putter.acknowledgedPosition() == count;
        });
        callbacks.shutdownNow();

        assertThat(putter.outstandingRecords()).isZero();
        assertThat(producer.given()).hasSize(count);
        assertThat(wakeUps).hasValue(count);
    }

    private static void acknowledgeUntilInterrupted(FakeKinesisProducer producer) {
        while (!Thread.currentThread().isInterrupted()) {
            Given next = nextOrNull(producer);
            if (next != null) {
                next.acknowledge();
            }
        }
    }

    private static @Nullable Given nextOrNull(FakeKinesisProducer producer) {
        try {
            return producer.next();
        } catch (NoSuchElementException e) {
            Thread.onSpinWait();
            return null;
        }
    }
}
