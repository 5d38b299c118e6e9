package io.tapestream.feed;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapestream.feed.ConnectionEnd.Kind;
import io.tapestream.feed.Reconnects.Decision;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class ReconnectsTest {
    private static final ConnectionEnd LOST = ConnectionEnd.of(Kind.LOST, "lost");
    private static final FeedSettings SETTINGS = new FeedSettings(
            URI.create("wss://venue/"),
            null,
            List.of(),
            50,
            1 << 20,
            Duration.ofSeconds(10),
            Duration.ofSeconds(150),
            Duration.ofMillis(500),
            Duration.ofSeconds(60),
            Duration.ofSeconds(60),
            Duration.ofMinutes(5),
            3,
            Path.of("locks"));

    private final Reconnects longest = new Reconnects(SETTINGS, new Fixed(true));
    private final Reconnects shortest = new Reconnects(SETTINGS, new Fixed(false));

    /** Draws the least or the greatest number of each range. */
    private record Fixed(boolean isGreatest) implements RandomGenerator {
        @Override
        public long nextLong() {
            throw new UnsupportedOperationException();
        }

        @Override
        public long nextLong(long bound) {
            return isGreatest ? bound - 1 : 0;
        }
    }

    @Test
    void doublesTheBoundOfTheWaitUpToACap() {
        assertThat(LongStream.range(0, 40).map(i -> longest.after(LOST, false).waitMillis()))
                .startsWith(500L, 1000L, 2000L, 4000L, 8000L, 16000L, 32000L, 60000L, 60000L)
                .endsWith(60000L);
    }

    @Test
    void spreadsTheWaitOverAllOfItsRange() {
        assertThat(LongStream.range(0, 9).map(i -> shortest.after(LOST, false).waitMillis()))
                .containsOnly(0L);
    }

    @Test
    void fallsBackOnlyAfterAStableSession() {
        for (int i = 0; i < 5; i++) {
            longest.after(ConnectionEnd.of(Kind.CLOSED, 1001, "closed"), false);
        }
        assertThat(longest.after(LOST, false).waitMillis()).isEqualTo(16000);
        assertThat(longest.after(LOST, true).waitMillis()).isEqualTo(500);
    }

    @ParameterizedTest
    @ValueSource(ints = {1000, 1001, 1005, 1006, 1011, 1012, 4000})
    void reconnectsSoonAfterAnOrdinaryClose(int code) {
        assertThat(longest.after(ConnectionEnd.of(Kind.CLOSED, code, "closed"), false))
                .isEqualTo(new Decision(500, false));
    }

    @ParameterizedTest
    @EnumSource(names = {"LOST", "SILENT", "BROKEN", "FAILED"})
    void reconnectsSoonAfterAMishap(Kind kind) {
        assertThat(longest.after(ConnectionEnd.of(kind, "mishap"), false)).isEqualTo(new Decision(500, false));
    }

    @Test
    void waitsLongerAfterTryAgainLater() {
        ConnectionEnd later = ConnectionEnd.of(Kind.CLOSED, 1013, "later");
        assertThat(shortest.after(later, false)).isEqualTo(new Decision(4000, false));
        assertThat(longest.after(later, false)).isEqualTo(new Decision(8000, false));
        assertThat(longest.after(later, false)).isEqualTo(new Decision(16000, false));
    }

    @Test
    void isDegradedAfterSomeClosesForPolicy() {
        ConnectionEnd policy = ConnectionEnd.of(Kind.CLOSED, 1008, "policy");
        assertThat(longest.after(policy, false)).isEqualTo(new Decision(500, false));
        assertThat(longest.after(LOST, false)).isEqualTo(new Decision(1000, false));
        assertThat(longest.after(policy, false)).isEqualTo(new Decision(2000, false));
        assertThat(longest.after(policy, false)).isEqualTo(new Decision(60000, true));
        assertThat(longest.after(policy, false)).isEqualTo(new Decision(60000, true));
        assertThat(longest.after(policy, true)).isEqualTo(new Decision(500, false));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 101, 200, 301, 302, 400, 401, 403, 404, 451})
    void isDegradedWhenTheHandshakeIsRefused(int status) {
        assertThat(shortest.after(ConnectionEnd.of(Kind.REFUSED, status, "refused"), false))
                .isEqualTo(new Decision(60000, true));
    }

    @Test
    void isDegradedWhenTheVenueIsNotTrusted() {
        assertThat(shortest.after(ConnectionEnd.of(Kind.UNTRUSTED, "expired"), false))
                .isEqualTo(new Decision(60000, true));
    }

    @ParameterizedTest
    @ValueSource(ints = {500, 502, 503, 524})
    void backsOffFromAServerError(int status) {
        assertThat(longest.after(ConnectionEnd.of(Kind.REFUSED, status, "refused"), false))
                .isEqualTo(new Decision(500, false));
    }

    @ParameterizedTest
    @CsvSource({"429, 30, 30000", "429, 0, 4000", "503, 7, 7000", "429, 99999999, 300000", "401, 120, 120000"})
    void waitsAsLongAsItIsAskedToWithinALimit(int status, long seconds, long waitMillis) {
        ConnectionEnd end = new ConnectionEnd(Kind.REFUSED, status, "refused", Duration.ofSeconds(seconds));
        assertThat(shortest.after(end, false).waitMillis()).isEqualTo(waitMillis);
    }

    @Test
    void attemptsAHandfulOfTimesAMinuteWhenThereAreTooMany() {
        ConnectionEnd tooMany = ConnectionEnd.of(Kind.REFUSED, 429, "too many");
        long spent = 0;
        int attempts = 0;
        for (; spent < 60_000; attempts++) {
            spent += shortest.after(tooMany, false).waitMillis();
        }
        assertThat(attempts).isLessThanOrEqualTo(5);
    }
}
