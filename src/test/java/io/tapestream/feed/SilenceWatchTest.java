package io.tapestream.feed;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.embedded.EmbeddedChannel;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class SilenceWatchTest {
    private final AtomicInteger silences = new AtomicInteger();
    private final SilenceWatch watch = new SilenceWatch(TimeUnit.SECONDS.toNanos(150), silences::incrementAndGet);
    private final EmbeddedChannel channel = new EmbeddedChannel();

    SilenceWatchTest() {
        channel.freezeTime();
        channel.pipeline().addLast(watch);
    }

    private void pass(long seconds) {
        channel.advanceTimeBy(seconds, TimeUnit.SECONDS);
        channel.runScheduledPendingTasks();
    }

    @Test
    void tellsOnceWhenNothingHasBeenReceived() {
        pass(149);
        assertThat(silences).hasValue(0);
        pass(1);
        assertThat(silences).hasValue(1);
        pass(1000);
        assertThat(silences).hasValue(1);
    }

    @Test
    void isQuietWhileAVenuePingsOnceAMinute() {
        for (int minute = 0; minute < 10; minute++) {
            pass(60);
            channel.writeInbound("anything");
        }
        pass(149);
        assertThat(silences).hasValue(0);
        pass(1);
        assertThat(silences).hasValue(1);
    }

    @Test
    void doesNotCountATimeInWhichNothingWasRead() {
        pass(100);
        watch.suspend();
        pass(1000);
        watch.resume();
        pass(149);
        assertThat(silences).hasValue(0);
        pass(1);
        assertThat(silences).hasValue(1);
    }

    @Test
    void endsWithTheChannel() {
        channel.close();
        pass(1000);
        watch.resume();
        pass(1000);
        assertThat(silences).hasValue(0);
    }
}
