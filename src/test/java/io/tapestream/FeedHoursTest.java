package io.tapestream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Instant;
import java.time.ZonedDateTime;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class FeedHoursTest {
    private static final String STOCKS = "America/New_York Mon-Fri 09:30-16:00";
    private static final String FOREX = "America/New_York Sun-Thu 17:00-17:00";

    private static Instant at(String text) {
        return ZonedDateTime.parse(text).toInstant();
    }

    @ParameterizedTest
    @CsvSource(textBlock = """
        2026-11-25T09:29:59-05:00[America/New_York], false
        2026-11-25T09:30:00-05:00[America/New_York], true
        2026-11-25T15:59:59-05:00[America/New_York], true
        2026-11-25T16:00:00-05:00[America/New_York], false
        2026-11-28T12:00:00-05:00[America/New_York], false
        2026-11-29T12:00:00-05:00[America/New_York], false
        2026-07-01T13:30:00Z, true
        2026-12-01T13:30:00Z, false
        2026-12-01T14:30:00Z, true
        """)
    void followsTheClockOfTheZone(String time, boolean held) {
        assertThat(FeedHours.parse(List.of(STOCKS)).hold(at(time))).isEqualTo(held);
    }

    @ParameterizedTest
    @CsvSource(textBlock = """
        2026-11-22T16:59:59-05:00[America/New_York], false
        2026-11-22T17:00:00-05:00[America/New_York], true
        2026-11-23T03:00:00-05:00[America/New_York], true
        2026-11-26T17:00:00-05:00[America/New_York], true
        2026-11-27T16:59:59-05:00[America/New_York], true
        2026-11-27T17:00:00-05:00[America/New_York], false
        2026-11-28T12:00:00-05:00[America/New_York], false
        """)
    void aWindowThatDoesNotEndAfterItsStartEndsOnTheNextDay(String time, boolean held) {
        assertThat(FeedHours.parse(List.of(FOREX)).hold(at(time))).isEqualTo(held);
    }

    @Test
    void severalWindowsAddUp() {
        FeedHours hours = FeedHours.parse(List.of(STOCKS, "UTC Sat,Sun 00:00-12:00"));

        assertThat(hours.hold(at("2026-11-28T11:59:00Z"))).isTrue();
        assertThat(hours.hold(at("2026-11-28T12:00:00Z"))).isFalse();
        assertThat(hours.hold(at("2026-11-25T15:00:00Z"))).isTrue();
    }

    @Test
    void aRangeOfDaysMayGoRoundTheWeek() {
        FeedHours hours = FeedHours.parse(List.of("UTC Sat-Mon 10:00-11:00"));

        assertThat(hours.hold(at("2026-11-28T10:30:00Z"))).isTrue();
        assertThat(hours.hold(at("2026-11-30T10:30:00Z"))).isTrue();
        assertThat(hours.hold(at("2026-12-01T10:30:00Z"))).isFalse();
    }

    @Test
    void noneMeansAlways() {
        FeedHours always = FeedHours.parse(List.of());

        assertThat(always.hold(Instant.EPOCH)).isTrue();
        assertThat(always.nextStart(Instant.EPOCH)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(textBlock = """
        2026-11-25T12:00:00Z, 2026-11-25T14:30:00Z
        2026-11-25T14:30:00Z, 2026-11-26T14:30:00Z
        2026-11-27T21:00:00Z, 2026-11-30T14:30:00Z
        2026-10-30T21:00:00Z, 2026-11-02T14:30:00Z
        """)
    void theNextStartIsTold(String now, String next) {
        assertThat(FeedHours.parse(List.of(STOCKS)).nextStart(Instant.parse(now)))
                .contains(Instant.parse(next));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "09:30-16:00",
                "America/New_York 09:30-16:00",
                "America/New_York Mon-Fri",
                "America/Nowhere Mon-Fri 09:30-16:00",
                "America/New_York Mon-Fry 09:30-16:00",
                "America/New_York Mon-Fri 9:30-16:00",
                "America/New_York Mon-Fri 09:30-24:01",
                "America/New_York Mon-Fri 09:30-16:00 17:00-18:00"
            })
    void whatIsNotHoursIsRefusedWithItsTextAndTheRule(String text) {
        assertThatThrownBy(() -> FeedHours.parse(List.of(text)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("value=\"" + text + "\"")
                .hasMessageContaining(FeedHours.RULE);
    }
}
