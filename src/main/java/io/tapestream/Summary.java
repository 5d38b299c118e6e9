package io.tapestream;

import com.codahale.metrics.Histogram;
import com.codahale.metrics.Metric;
import com.codahale.metrics.Snapshot;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.LinkedHashMap;
import java.util.Map;

/** What a run did, as one JSON object whose names are those of the metrics in snake case. */
final class Summary {
    private static final ObjectMapper JSON = new ObjectMapper();

    private Summary() {}

    static Map<String, Object> of(Ingester ingester, String environment, double seconds) {
        Counts counts = ingester.counts();
        Map<String, Object> summary = new LinkedHashMap<>();
        summary.put("env", environment);
        summary.put("seconds", Math.round(seconds * 10) / 10.0);
        summary.put("frames", counts.of("feed.frames"));
        putRecordCounts(summary, counts);
        summary.put("unacknowledged_bytes", ingester.unacknowledgedBytes());
        summary.put("latency_ms", latency(ingester));
        return summary;
    }

    /** Puts what became of the trades that were read. */
    static void putRecordCounts(Map<String, Object> summary, Counts counts) {
        summary.put("trades_received", counts.of("record.trades-received"));
        summary.put("quotes_received", counts.of("record.quotes-received"));
        summary.put("redelivered_frames", counts.of("record.redelivered-frames"));
        summary.put("redelivered_trades", counts.of("record.redelivered-trades"));
        summary.put("rejected_trades", counts.sumOf("record.rejected-trades."));
        summary.put("broken_messages", counts.of("record.broken-messages"));
        summary.put("trades_published", counts.of("record.trades-published"));
        summary.put("user_records", counts.of("record.user-records"));
    }

    private static Map<String, Object> latency(Ingester ingester) {
        Metric metric = ingester.metrics().getMetrics().get("kinesis.latency");
        Map<String, Object> latency = new LinkedHashMap<>();
        if (metric instanceof Histogram histogram && histogram.getCount() > 0) {
            Snapshot snapshot = histogram.getSnapshot();
            latency.put("p50", Math.round(snapshot.getMedian()));
            latency.put("p99", Math.round(snapshot.get99thPercentile()));
        }
        return latency;
    }

    static String json(Map<String, Object> summary) {
        try {
            return JSON.writeValueAsString(summary);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("texts and numbers are always JSON", e);
        }
    }

    static String text(Map<String, Object> summary) {
        StringBuilder text = new StringBuilder();
        summary.forEach((name, value) -> text.append(String.format("%-22s %s%n", name, value)));
        return text.toString();
    }
}
