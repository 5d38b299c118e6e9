package io.tapestream.kinesis;

import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Knows whether records are acknowledged, and if not what is the matter. Confined to the publisher thread but for
 * {@link #state()}.
 */
final class ProducerWellbeing {
    private static final Logger log = LoggerFactory.getLogger(ProducerWellbeing.class);
    private static final long TROUBLE_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final String stream;
    private final ProducerSlot producer;
    private long wellNanos;
    private volatile ProducerState state = ProducerState.RUNNING;

    ProducerWellbeing(String stream, ProducerSlot producer, long nowNanos) {
        this.stream = stream;
        this.producer = producer;
        this.wellNanos = nowNanos;
    }

    /** A record was acknowledged. */
    void onAcknowledged(long nowNanos) {
        wellNanos = nowNanos;
    }

    /** Looks at the producer, with so many records not acknowledged; logs where trouble begins and where it ends. */
    void look(int outstanding, long nowNanos) {
        if (outstanding == 0 && (producer.isResting() || !producer.isEmpty())) {
            wellNanos = nowNanos;
        }
        ProducerState before = state;
        boolean isTroubled = nowNanos - wellNanos >= TROUBLE_NANOS;
        state = isTroubled ? producer.trouble(nowNanos) : ProducerState.RUNNING;
        if (isTroubled && before == ProducerState.RUNNING) {
            log.warn(
                    "nothing acknowledged stream={} seconds={} producer={} outstanding={}",
                    stream,
                    TimeUnit.NANOSECONDS.toSeconds(nowNanos - wellNanos),
                    state.word(),
                    outstanding);
        } else if (!isTroubled && before != ProducerState.RUNNING) {
            log.info("records are acknowledged again stream={} outstanding={}", stream, outstanding);
        }
    }

    /** How the producer is doing; any thread. */
    ProducerState state() {
        return state;
    }
}
