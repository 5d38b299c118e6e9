package io.tapestream.bench;

import com.dynatrace.hash4j.hashing.Hashing;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Counts what an endpoint received: distinct trades, how long each took, how many came when, and what the bytes are.
 */
final class Analysis {
    private static final long BUCKET_MICROS = 100_000;

    private final Deaggregation deaggregation = new Deaggregation();
    private final Fingerprints ids = new Fingerprints();
    private final Fingerprints lines = new Fingerprints();
    private final TradeTimes times = new TradeTimes();
    private final Map<Long, Integer> tradesByBucket = new TreeMap<>();
    private final Options options;
    private final Map<String, Long> counts = new TreeMap<>();
    private final List<long[]> arrivals = new ArrayList<>();

    /**
     * What is to be told besides.
     *
     * @param dueOffsetMillis how long after its own time a trade was to be sent; null where that is not known
     * @param warmUpMillis delays do not count for trades that are less than so much later than the first
     */
    record Options(@Nullable Long dueOffsetMillis, long warmUpMillis) {}

    Analysis(Options options) {
        this.options = options;
    }

    /** Reads all of a log. */
    void read(Path received) throws IOException {
        try (ReceivedRequests requests = new ReceivedRequests(received)) {
            while (requests.next()) {
                count("requests", 1);
                request(requests);
            }
        }
    }

    private void request(ReceivedRequests requests) throws IOException {
        count("request_bytes", requests.length());
        List<PutEntry> entries = requests.entries();
        int tradesBefore = ids.added();
        for (int i = 0; i < entries.size(); i++) {
            if (requests.isRefused(i)) {
                count("refused_records", 1);
                continue;
            }
            ByteBuffer payload = entries.get(i).payload(requests.bytes());
            count("stream_records", 1);
            count("aggregated_records", Deaggregation.isAggregated(payload) ? 1 : 0);
            count("payload_bytes", payload.remaining());
            long micros = requests.answeredMicros();
            count("user_records", deaggregation.split(payload, userRecord -> userRecord(userRecord, micros)));
        }
        int trades = ids.added() - tradesBefore;
        arrivals.add(new long[] {requests.answeredMicros(), trades});
        tradesByBucket.merge(requests.answeredMicros() / BUCKET_MICROS, trades, Integer::sum);
    }

    private void userRecord(ByteBuffer userRecord, long answeredMicros) {
        byte[] bytes = new byte[userRecord.remaining()];
        userRecord.get(bytes);
        count("line_bytes", bytes.length);
        int start = 0;
        for (int i = 0; i < bytes.length; i++) {
            if (bytes[i] == '\n') {
                line(bytes, start, i, answeredMicros);
                start = i + 1;
            }
        }
        if (start < bytes.length) {
            line(bytes, start, bytes.length, answeredMicros);
        }
    }

    private void line(byte[] bytes, int start, int end, long answeredMicros) {
        LineFields fields = new LineFields(bytes, start, end);
        ByteBuffer id = fields.tradeId();
        ids.add(Hashing.xxh3_64().hashBytesToLong(bytes, id.position(), id.remaining()));
        lines.add(Hashing.xxh3_64().hashBytesToLong(bytes, start, end - start));
        times.add(fields.tradedAtMillis(), fields.receivedAtMillis(), answeredMicros);
    }

    private void count(String name, long more) {
        counts.merge(name, more, Long::sum);
    }

    /** The lines that came, for the comparison with those of another run. */
    Fingerprints lines() {
        return lines;
    }

    /** All that was counted. */
    Map<String, Object> result() {
        Map<String, Object> result = new LinkedHashMap<>(counts);
        result.put("trades", ids.added());
        result.put("distinct_trades", ids.distinct());
        arrivals.sort((a, b) -> Long.compare(a[0], b[0]));
        if (!arrivals.isEmpty()) {
            result.put("first_traded_at_millis", times.firstTradedAtMillis());
            result.put("first_micros", arrivals.get(0)[0]);
            result.put("half_micros", halfMicros());
            result.put("last_micros", arrivals.get(arrivals.size() - 1)[0]);
        }
        result.putAll(times.delays(options));
        result.put("timeline", timeline());
        return result;
    }

    /** When half of the trades had come. */
    private long halfMicros() {
        long seen = 0;
        for (long[] arrival : arrivals) {
            seen += arrival[1];
            if (seen * 2 >= ids.added()) {
                return arrival[0];
            }
        }
        return 0;
    }

    /** Trades that came in each tenth of a second: its beginning in seconds since the first, and how many. */
    private List<double[]> timeline() {
        List<double[]> timeline = new ArrayList<>();
        long first = arrivals.isEmpty() ? 0 : arrivals.get(0)[0] / BUCKET_MICROS;
        tradesByBucket.forEach(
                (bucket, trades) -> timeline.add(new double[] {(bucket - first) * BUCKET_MICROS / 1e6, trades}));
        return timeline;
    }
}
