package io.tapestream.record;

import com.codahale.metrics.Counter;
import com.codahale.metrics.MetricRegistry;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the packer counts, and the log lines by which a rejected trade or a broken message is found in the journal. */
final class RecordMetrics {
    private static final Logger log = LoggerFactory.getLogger(RecordPacker.class);

    /** Names of message types come from the feed: past this many, further ones are counted as {@code other}. */
    private static final int MAX_TYPE_NAMES = 16;

    private static final String OTHER = "other";
    private static final String NO_TYPE = "none";

    final Counter tradesReceived;
    final Counter quotesReceived;
    final Counter redeliveredFrames;
    final Counter redeliveredTrades;
    final Counter tradesPublished;
    final Counter userRecords;
    final Counter buffersDropped;

    private final MetricRegistry registry;
    private final Counter brokenMessages;
    private final Map<Rejection, Counter> rejectedTrades = new EnumMap<>(Rejection.class);
    private final Map<String, Counter> messages = new HashMap<>();

    RecordMetrics(MetricRegistry registry) {
        this.registry = registry;
        tradesReceived = registry.counter("record.trades-received");
        quotesReceived = registry.counter("record.quotes-received");
        redeliveredFrames = registry.counter("record.redelivered-frames");
        redeliveredTrades = registry.counter("record.redelivered-trades");
        tradesPublished = registry.counter("record.trades-published");
        userRecords = registry.counter("record.user-records");
        buffersDropped = registry.counter("record.buffers-dropped");
        brokenMessages = registry.counter("record.broken-messages");
        for (Rejection reason : Rejection.values()) {
            rejectedTrades.put(reason, registry.counter("record.rejected-trades." + reason.label()));
        }
    }

    /** Counts a message of a type other than trade. The name is the feed's: it is cleaned before it names a metric. */
    void countMessage(String typeName) {
        String name = typeName.isEmpty() ? NO_TYPE : cleaned(typeName);
        Counter counter = messages.get(name);
        if (counter == null) {
            String label = messages.size() < MAX_TYPE_NAMES ? name : OTHER;
            counter = registry.counter("record.messages." + label);
            if (label.equals(name)) {
                messages.put(name, counter);
            }
        }
        counter.inc();
    }

    private static String cleaned(String name) {
        return name.replaceAll("[^A-Za-z0-9_-]", "_");
    }

    void countBroken(long position, int length) {
        if (brokenMessages.getCount() == 0) {
            log.warn(
                    "message broken position={} length={} (not whole, valid JSON; further ones are counted)",
                    position,
                    length);
        } else if (log.isDebugEnabled()) {
            log.debug("message broken position={} length={}", position, length);
        }
        brokenMessages.inc();
    }

    void countRejected(Rejection reason, long position, int index) {
        Counter counter = Objects.requireNonNull(rejectedTrades.get(reason));
        if (counter.getCount() == 0) {
            log.warn(
                    "trade rejected reason={} position={} index={} (further ones are counted)",
                    reason.label(),
                    position,
                    index);
        } else if (log.isDebugEnabled()) {
            log.debug("trade rejected reason={} position={} index={}", reason.label(), position, index);
        }
        counter.inc();
    }
}
