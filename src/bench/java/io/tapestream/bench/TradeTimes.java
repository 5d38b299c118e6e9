package io.tapestream.bench;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/** When each trade happened, was received and was acknowledged, and the delays between. */
final class TradeTimes {
    private static final int FIELDS = 3;
    private static final long MICROS_PER_MILLI = 1000;

    private long[] times = new long[1 << 16];
    private int length;
    private long firstTradedAtMillis = Long.MAX_VALUE;

    void add(long tradedAtMillis, long receivedAtMillis, long acknowledgedMicros) {
        if (length + FIELDS > times.length) {
            times = Arrays.copyOf(times, times.length * 2);
        }
        times[length++] = tradedAtMillis;
        times[length++] = receivedAtMillis;
        times[length++] = acknowledgedMicros;
        firstTradedAtMillis = Math.min(firstTradedAtMillis, tradedAtMillis);
    }

    /** The earliest time of a trade, epoch milliseconds. */
    long firstTradedAtMillis() {
        return firstTradedAtMillis;
    }

    /** The delays by name; those from when a trade was due only if that is known. */
    Map<String, Object> delays(Analysis.Options options) {
        Delays fromReceipt = new Delays();
        Delays fromDue = new Delays();
        Delays toReceipt = new Delays();
        Long offset = options.dueOffsetMillis();
        for (int i = 0; i < length; i += FIELDS) {
            if (times[i] - firstTradedAtMillis < options.warmUpMillis()) {
                continue;
            }
            long receivedMicros = times[i + 1] * MICROS_PER_MILLI;
            fromReceipt.note(times[i + 2] - receivedMicros);
            if (offset != null) {
                long dueMicros = (times[i] + offset) * MICROS_PER_MILLI;
                fromDue.note(times[i + 2] - dueMicros);
                toReceipt.note(receivedMicros - dueMicros);
            }
        }
        Map<String, Object> delays = new LinkedHashMap<>();
        delays.put("receipt_to_acknowledgement", fromReceipt.summary());
        if (offset != null) {
            delays.put("due_to_receipt", toReceipt.summary());
            delays.put("due_to_acknowledgement", fromDue.summary());
        }
        return delays;
    }
}
