package io.tapestream.journal;

import static io.tapestream.journal.JournalFolder.NOW;
import static io.tapestream.journal.JournalFolder.SETTINGS_JSON;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.ShrinkingMode;

/**
 * Whatever the bounds, the checkpoint, the ages and the readers are: what may go goes, oldest first, and nothing else.
 */
class RetentionPropertyTest {
    private static final int LENGTH = 4096;
    private static final List<String> FOREIGN = List.of(
            "0.jrn",
            "notes.txt",
            "00000000000000000000.jrn.bak",
            "x.jrn.tmp",
            "copy of checkpoint",
            "00000000000000000.tmp");

    /**
     * A journal and what is asked of it.
     *
     * @param minutes how long each of its segments was written
     * @param retainSegments bound in bytes, in segments
     * @param retainMinutes bound in time
     * @param steps what comes next, in this order
     */
    record Case(List<Integer> minutes, int retainSegments, int retainMinutes, List<Step> steps) {}

    /**
     * Time passes, a reader comes and goes, more is acknowledged.
     *
     * @param acknowledgedPercent of the journal, at least what was before
     * @param readerPercent where the one reader stands, in percent of the journal; over 100 for none
     */
    record Step(int minutes, int acknowledgedPercent, int readerPercent) {}

    @Provide
    Arbitrary<Case> cases() {
        Arbitrary<Step> steps = Combinators.combine(
                        Arbitraries.integers().between(0, 40),
                        Arbitraries.integers().between(0, 100),
                        Arbitraries.integers().between(0, 300))
                .as(Step::new);
        return Combinators.combine(
                        Arbitraries.integers().between(0, 9).list().ofMinSize(1).ofMaxSize(12),
                        Arbitraries.integers().between(0, 10),
                        Arbitraries.integers().between(0, 90),
                        steps.list().ofMinSize(1).ofMaxSize(6))
                .as(Case::new);
    }

    @Property(tries = 300, shrinking = ShrinkingMode.BOUNDED)
    void deletesTheOldestThatItMayAndNothingElse(@ForAll("cases") Case given) throws IOException {
        Path directory = new InMemoryFolder().createTempDirectory();
        try {
            run(given, new JournalFolder(directory));
        } finally {
            deleteAll(directory);
        }
    }

    private static void run(Case given, JournalFolder folder) throws IOException {
        folder.segmentLength = LENGTH;
        folder.retainBytes = (long) given.retainSegments() * LENGTH;
        folder.retainFor = Duration.ofMinutes(given.retainMinutes());
        for (String name : FOREIGN) {
            Files.writeString(folder.directory.resolve(name), name);
        }
        try (Journal journal = folder.open()) {
            List<Long> begunAt = write(journal, folder, given.minutes());
            long acknowledged = 0;
            for (Step step : given.steps()) {
                folder.nowMillis += step.minutes() * 60_000L;
                acknowledged = Math.max(acknowledged, journal.endPosition() * step.acknowledgedPercent() / 100);
                List<Long> before = bases(folder.directory);
                long readAt = journal.endPosition() * step.readerPercent() / 100;
                try (JournalReader reader = journal.reader(readAt)) {
                    long inUse = reader.next() ? reader.segment() : Long.MAX_VALUE;
                    journal.maintain(acknowledged, true);
                    List<Long> expected = kept(before, given, begunAt, acknowledged, inUse, folder.nowMillis);
                    assertThat(bases(folder.directory)).isEqualTo(expected);
                }
                assertThat(journal.startPosition())
                        .isEqualTo(bases(folder.directory).get(0));
            }
            assertThat(JournalAudit.of(journal).isWhole()).isTrue();
        }
        for (String name : FOREIGN) {
            assertThat(folder.directory.resolve(name)).hasContent(name);
        }
    }

    /** Fills a segment for each number, and begins one more; returns when each was begun. */
    private static List<Long> write(Journal journal, JournalFolder folder, List<Integer> minutes) {
        List<Long> begunAt = new ArrayList<>(List.of(NOW));
        journal.appender().openSession(false, SETTINGS_JSON, NOW);
        for (int lasts : minutes) {
            folder.nowMillis += lasts * 60_000L;
            while (journal.endPosition() < (long) begunAt.size() * LENGTH) {
                journal.appender().append(EntryType.FRAME, JournalFolder.utf8("x".repeat(1000)), folder.nowMillis);
                journal.maintain(0, false);
            }
            begunAt.add(folder.nowMillis);
        }
        return begunAt;
    }

    /** What has to be left, by what docs/JOURNAL.md and reference.conf say alone. */
    private static List<Long> kept(
            List<Long> before, Case given, List<Long> begunAt, long acknowledged, long inUse, long nowMillis) {
        // The last base is that of the segment which is prepared and not begun.
        int begun = before.size() - 1;
        int acknowledgedSegments = 0;
        while (acknowledgedSegments < begun && before.get(acknowledgedSegments) + LENGTH <= acknowledged) {
            acknowledgedSegments++;
        }
        int gone = 0;
        while (gone < acknowledgedSegments - 2 && before.get(gone) < inUse) {
            boolean tooMany = acknowledgedSegments - gone > given.retainSegments();
            long leftAt = begunAt.get((int) (before.get(gone) / LENGTH) + 1);
            boolean tooOld = nowMillis - leftAt > given.retainMinutes() * 60_000L;
            if (!tooMany && !tooOld) {
                break;
            }
            gone++;
        }
        return before.subList(gone, before.size());
    }

    private static List<Long> bases(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.matches("\\d{20}\\.jrn"))
                    .map(name -> Long.parseLong(name.substring(0, 20)))
                    .sorted()
                    .toList();
        }
    }

    private static void deleteAll(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        Files.delete(directory);
    }
}
