package io.tapestream;

import java.time.DateTimeException;
import java.time.DayOfWeek;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The hours in which a feed is wanted, such as {@code America/New_York Mon-Fri 09:30-16:00}; none given means always.
 *
 * <p>Times are those of the zone's clock, daylight saving included. A window whose end is not after its start ends on
 * the next day. Holidays are not known: on one the feed is open, and silent.
 */
record FeedHours(List<Window> windows) {
    static final String RULE = "expected: ZONE DAYS HH:MM-HH:MM, e.g. America/New_York Mon-Fri 09:30-16:00";

    private static final Pattern TEXT =
            Pattern.compile("(\\S+) ([A-Za-z]{3}(?:[-,][A-Za-z]{3})*) (\\d\\d:\\d\\d)-(\\d\\d:\\d\\d)");
    private static final int DAYS_AHEAD = 8;

    /** One window of each of its days. */
    record Window(ZoneId zone, Set<DayOfWeek> days, LocalTime from, LocalTime to) {
        private boolean holds(Instant instant) {
            LocalDate today = instant.atZone(zone).toLocalDate();
            return Stream.of(today.minusDays(1), today)
                    .filter(date -> days.contains(date.getDayOfWeek()))
                    .anyMatch(
                            date -> !instant.isBefore(start(date)) && end(date).isAfter(instant));
        }

        private Stream<Instant> startsAfter(Instant instant) {
            LocalDate today = instant.atZone(zone).toLocalDate();
            return Stream.iterate(today, date -> date.plusDays(1))
                    .limit(DAYS_AHEAD)
                    .filter(date -> days.contains(date.getDayOfWeek()))
                    .map(this::start)
                    .filter(start -> start.isAfter(instant));
        }

        private Instant start(LocalDate date) {
            return ZonedDateTime.of(date, from, zone).toInstant();
        }

        private Instant end(LocalDate date) {
            return ZonedDateTime.of(to.isAfter(from) ? date : date.plusDays(1), to, zone)
                    .toInstant();
        }
    }

    /**
     * Reads windows as the setting {@code feed.hours} has them.
     *
     * @throws IllegalArgumentException names the text and what is wrong with it
     */
    static FeedHours parse(List<String> texts) {
        List<Window> windows = new ArrayList<>();
        for (String text : texts) {
            Matcher matcher = TEXT.matcher(text.strip());
            if (!matcher.matches()) {
                throw new IllegalArgumentException("not hours: value=\"" + text + "\" (" + RULE + ")");
            }
            try {
                windows.add(new Window(
                        ZoneId.of(matcher.group(1)),
                        days(matcher.group(2)),
                        LocalTime.parse(matcher.group(3)),
                        LocalTime.parse(matcher.group(4))));
            } catch (DateTimeException e) {
                throw new IllegalArgumentException(
                        "not hours: value=\"" + text + "\" cause=\"" + e.getMessage() + "\" (" + RULE + ")", e);
            }
        }
        return new FeedHours(List.copyOf(windows));
    }

    private static Set<DayOfWeek> days(String text) {
        Set<DayOfWeek> days = EnumSet.noneOf(DayOfWeek.class);
        for (String range : text.split(",", -1)) {
            String[] ends = range.split("-", -1);
            DayOfWeek last = day(ends[ends.length - 1]);
            DayOfWeek day = day(ends[0]);
            days.add(day);
            while (day != last) {
                day = day.plus(1);
                days.add(day);
            }
        }
        return days;
    }

    private static DayOfWeek day(String text) {
        String wanted = text.toUpperCase(Locale.ROOT);
        return Stream.of(DayOfWeek.values())
                .filter(day -> day.name().startsWith(wanted))
                .findFirst()
                .orElseThrow(() -> new DateTimeException("no day of the week: " + text));
    }

    /** Whether the feed is wanted at this time. */
    boolean hold(Instant instant) {
        return windows.isEmpty() || windows.stream().anyMatch(window -> window.holds(instant));
    }

    /** When the next window begins after this time; empty if there are none. */
    Optional<Instant> nextStart(Instant instant) {
        return windows.stream().flatMap(window -> window.startsAfter(instant)).min(Comparator.naturalOrder());
    }
}
