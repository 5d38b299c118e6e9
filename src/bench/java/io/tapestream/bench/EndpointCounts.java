package io.tapestream.bench;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;

/** What an endpoint counts. Any thread. */
final class EndpointCounts {
    private final LongAdder requests = new LongAdder();
    private final LongAdder taken = new LongAdder();
    private final LongAdder refused = new LongAdder();
    private final LongAdder requestBytes = new LongAdder();
    private final LongAdder wireBytes = new LongAdder();

    void put(int entries, int refusedEntries, int length) {
        requests.increment();
        taken.add(entries - refusedEntries);
        refused.add(refusedEntries);
        requestBytes.add(length);
    }

    void wire(int bytes) {
        wireBytes.add(bytes);
    }

    /** Stream records taken so far. */
    long taken() {
        return taken.sum();
    }

    /** All counts by name; wire bytes are what came through the sockets, TLS and HTTP included. */
    Map<String, Long> all() {
        Map<String, Long> counts = new LinkedHashMap<>();
        counts.put("put_requests", requests.sum());
        counts.put("records_taken", taken.sum());
        counts.put("records_refused", refused.sum());
        counts.put("request_bytes", requestBytes.sum());
        counts.put("wire_bytes", wireBytes.sum());
        return counts;
    }
}
