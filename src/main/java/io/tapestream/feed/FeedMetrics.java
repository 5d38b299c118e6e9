package io.tapestream.feed;

import com.codahale.metrics.Counter;
import com.codahale.metrics.Gauge;
import com.codahale.metrics.MetricRegistry;
import java.time.InstantSource;

/** What a feed counts. */
final class FeedMetrics {
    /** Messages handed on, and their bytes. */
    final Counter frames;

    final Counter payloadBytes;
    /** Handshakes that succeeded, attempts that did not get so far. */
    final Counter sessions;

    final Counter connectFailures;
    /** Error messages of the venue. */
    final Counter errors;
    /** Times that reading stopped because a handler asked for it; pings that were not answered for want of room. */
    final Counter pauses;

    final Counter skippedPongs;
    /** Connections ended by us: message too long, protocol broken, nothing received, a handler of ours threw. */
    final Counter tooLongMessages;

    final Counter protocolErrors;
    final Counter silences;
    final Counter handlerFailures;
    /** Bytes received but not handed on, because the feed was closed on our side while reading was stopped. */
    final Counter discardedBytes;

    private volatile long lastFrameAtMillis;

    FeedMetrics(MetricRegistry registry, InstantSource clock) {
        frames = registry.counter("feed.frames");
        payloadBytes = registry.counter("feed.payload-bytes");
        sessions = registry.counter("feed.sessions");
        connectFailures = registry.counter("feed.connect-failures");
        errors = registry.counter("feed.errors");
        pauses = registry.counter("feed.pauses");
        skippedPongs = registry.counter("feed.skipped-pongs");
        tooLongMessages = registry.counter("feed.too-long-messages");
        protocolErrors = registry.counter("feed.protocol-errors");
        silences = registry.counter("feed.silences");
        handlerFailures = registry.counter("feed.handler-failures");
        discardedBytes = registry.counter("feed.discarded-bytes");
        lastFrameAtMillis = clock.millis();
        Gauge<Long> sinceFrame = () -> Math.max(0, clock.millis() - lastFrameAtMillis) / 1000;
        registry.gauge("feed.seconds-since-frame", () -> sinceFrame);
    }

    void frame(int payloadLength, long receivedAtMillis) {
        frames.inc();
        payloadBytes.inc(payloadLength);
        lastFrameAtMillis = receivedAtMillis;
    }
}
