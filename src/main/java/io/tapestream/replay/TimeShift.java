package io.tapestream.replay;

import io.tapestream.frame.FrameWalker;
import io.tapestream.frame.Trade;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;

/**
 * Writes a frame anew with its trades' times moved; every other byte stays as it is.
 *
 * <p>Only times between the years 2000 and 2100 are moved, and only ones that are whole milliseconds: any other makes
 * its trade one to be rejected, and it has to stay that.
 */
final class TimeShift {
    private static final long YEAR_2000_MILLIS = 946_684_800_000L;
    private static final long YEAR_2100_MILLIS = 4_102_444_800_000L;
    private static final int LONGEST_TIME = 32;
    private static final int MAX_DIGITS = 20;

    private byte[] bytes = new byte[4096];
    private int length;

    /** The time of a trade, epoch milliseconds; -1 if it is none that can be moved. */
    static long tradedAtMillis(Trade trade, byte[] frame) {
        if (trade.defect() != Trade.Defect.NONE || trade.tradedAtLength() > LONGEST_TIME) {
            return -1;
        }
        long millis = digits(frame, trade.tradedAtOffset(), trade.tradedAtLength());
        if (millis < 0) {
            millis = decimal(frame, trade.tradedAtOffset(), trade.tradedAtLength());
        }
        return millis >= YEAR_2000_MILLIS && millis < YEAR_2100_MILLIS ? millis : -1;
    }

    private static long digits(byte[] frame, int offset, int count) {
        if (count > 18) {
            return -1;
        }
        long value = 0;
        for (int i = offset; i < offset + count; i++) {
            if (frame[i] < '0' || frame[i] > '9') {
                return -1;
            }
            value = value * 10 + (frame[i] - '0');
        }
        return value;
    }

    private static long decimal(byte[] frame, int offset, int count) {
        try {
            BigDecimal value = new BigDecimal(new String(frame, offset, count, StandardCharsets.US_ASCII));
            boolean isPlausible = value.compareTo(BigDecimal.valueOf(YEAR_2000_MILLIS)) >= 0
                    && value.compareTo(BigDecimal.valueOf(YEAR_2100_MILLIS)) < 0;
            return isPlausible ? value.longValueExact() : -1;
        } catch (ArithmeticException | NumberFormatException e) {
            return -1;
        }
    }

    /**
     * Writes the frame that {@code walker} has walked, with times moved.
     *
     * @return how many of {@link #bytes()} it has
     */
    int apply(FrameWalker walker, byte[] frame, int frameLength, long shiftMillis) {
        int needed = Math.addExact(frameLength, Math.multiplyExact(walker.tradeCount(), MAX_DIGITS));
        if (bytes.length < needed) {
            bytes = new byte[Math.max(needed, bytes.length * 2)];
        }
        length = 0;
        int copied = 0;
        for (int i = 0; i < walker.tradeCount(); i++) {
            Trade trade = walker.trade(i);
            long millis = tradedAtMillis(trade, frame);
            if (millis < 0) {
                continue;
            }
            append(frame, copied, trade.tradedAtOffset() - copied);
            byte[] digits = Long.toString(millis + shiftMillis).getBytes(StandardCharsets.US_ASCII);
            append(digits, 0, digits.length);
            copied = trade.tradedAtOffset() + trade.tradedAtLength();
        }
        append(frame, copied, frameLength - copied);
        return length;
    }

    private void append(byte[] from, int offset, int count) {
        System.arraycopy(from, offset, bytes, length, count);
        length += count;
    }

    /** The bytes last written. */
    byte[] bytes() {
        return bytes;
    }
}
