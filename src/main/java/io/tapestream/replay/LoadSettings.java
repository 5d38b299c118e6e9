package io.tapestream.replay;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * What a load is made of, one for each option of {@code tapestream load}.
 *
 * @param captures {@code --capture}, any number: files and folders as {@link Captures} takes them, again and again in
 *     this order
 * @param trades {@code --trades}: how many at least; the last frame is whole
 * @param rate {@code --rate}: trades a second; 0 for all at once
 * @param symbols {@code --symbols}: how many made-up symbols the trades fall on, 1 to 99,999; 0 to leave them the
 *     captured ones
 * @param leadIn {@code --lead-in}: how long a few frames come before, four a second, so that what starts up does so
 *     before the load
 */
public record LoadSettings(List<Path> captures, long trades, double rate, int symbols, Duration leadIn) {
    static final int MAX_SYMBOLS = 99_999;

    /** Checks what can be checked without opening anything. */
    public LoadSettings {
        captures = List.copyOf(captures);
        require(trades > 0, "trades not positive: value=" + trades);
        require(rate >= 0 && Double.isFinite(rate), "rate not usable: value=" + rate + " (expected: 0 or more)");
        require(
                symbols >= 0 && symbols <= MAX_SYMBOLS,
                "too many symbols: value=" + symbols + " (expected: 0 to " + MAX_SYMBOLS + ")");
        require(!leadIn.isNegative(), "lead-in negative: value=" + leadIn);
    }

    private static void require(boolean holds, String problem) {
        if (!holds) {
            throw new IllegalArgumentException(problem);
        }
    }
}
