package io.tapestream.journal;

import static io.tapestream.journal.JournalFolder.NOW;
import static io.tapestream.journal.JournalFolder.SETTINGS_JSON;
import static io.tapestream.journal.JournalFolder.utf8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.ShrinkingMode;

/** Whatever is appended, cut and opened again in whatever order: the whole entries are there, and nothing else. */
class JournalPropertyTest {
    /** What happens to a journal next: a frame of a length, or an end of its process with a tear at the end. */
    record Step(int frameLength, int cutBytes, boolean zeroFilled) {
        boolean isFrame() {
            return frameLength >= 0;
        }
    }

    /** A frame as it was appended, and where its entry ends. */
    private record Appended(String frame, long end) {}

    @Provide
    Arbitrary<List<Step>> steps() {
        Arbitrary<Step> frames = Arbitraries.integers().between(0, 900).map(length -> new Step(length, 0, false));
        Arbitrary<Step> cuts = Arbitraries.integers()
                .between(0, 3000)
                .flatMap(bytes -> Arbitraries.of(true, false).map(zeroed -> new Step(-1, bytes, zeroed)));
        return Arbitraries.frequencyOf(net.jqwik.api.Tuple.of(8, frames), net.jqwik.api.Tuple.of(1, cuts))
                .list()
                .ofMinSize(1)
                .ofMaxSize(80);
    }

    @Property(tries = 150, shrinking = ShrinkingMode.BOUNDED)
    void theWholeEntriesAreThereAndNothingElse(@ForAll("steps") List<Step> steps) throws IOException {
        Path directory = new InMemoryFolder().createTempDirectory();
        try {
            run(steps, new JournalFolder(directory));
        } finally {
            deleteAll(directory);
        }
    }

    private static void run(List<Step> steps, JournalFolder folder) throws IOException {
        folder.segmentLength = 4096;
        List<Appended> appended = new ArrayList<>();
        Journal journal = openSession(folder);
        try {
            for (Step step : steps) {
                if (step.isFrame()) {
                    append(journal, step, appended);
                } else {
                    journal.close();
                    cut(folder, journal.endPosition(), step, appended);
                    journal = openSession(folder);
                }
                assertThat(JournalFolder.frames(journal)).isEqualTo(frames(appended));
            }
            assertThat(folder.framesSeenFromOutside()).isEqualTo(frames(appended));
            assertThat(JournalAudit.of(journal).isWhole()).isTrue();
        } finally {
            journal.close();
        }
    }

    private static Journal openSession(JournalFolder folder) {
        Journal journal = folder.open();
        journal.appender().openSession(false, SETTINGS_JSON, NOW);
        journal.maintain(0, false);
        return journal;
    }

    private static void append(Journal journal, Step step, List<Appended> appended) {
        String frame = appended.size() + "x".repeat(step.frameLength());
        if (!journal.appender().append(EntryType.FRAME, utf8(frame), NOW)) {
            journal.maintain(0, false);
        }
        int padding = EntryLayout.aligned(frame.length()) - frame.length();
        appended.add(new Appended(frame, journal.endPosition() - padding));
    }

    /** Takes bytes away from the end of the last segment, as far as that goes. */
    private static void cut(JournalFolder folder, long end, Step step, List<Appended> appended) throws IOException {
        Path last = last(folder.directory);
        long base = Long.parseLong(last.getFileName().toString().substring(0, 20));
        long cut = Math.max(base, end - step.cutBytes());
        try (FileChannel channel = FileChannel.open(last, StandardOpenOption.WRITE)) {
            channel.truncate(cut - base);
            if (step.zeroFilled()) {
                channel.write(utf8("\0"), 4095);
            }
        }
        appended.removeIf(entry -> entry.end() > cut);
    }

    private static Path last(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(file -> file.toString().endsWith(".jrn"))
                    .sorted()
                    .reduce((earlier, later) -> later)
                    .orElseThrow();
        }
    }

    private static List<String> frames(List<Appended> appended) {
        return appended.stream().map(Appended::frame).toList();
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
