package io.tapestream.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FormatVersionTest {
    static final Path GOLDEN = Path.of("src/test/resources/journals");
    static final Path WRITTEN = GOLDEN.resolve("v" + FormatVersion.WRITTEN).resolve("journal");

    @TempDir
    Path directory;

    JournalFolder folder;

    @BeforeEach
    void makeFolder() {
        folder = new JournalFolder(directory);
    }

    private Journal open() {
        return Journal.open(
                folder.settings("test", "finnhub", "stream-finnhub"), () -> java.time.Instant.EPOCH, folder.metrics);
    }

    private void copy() throws IOException {
        for (Path file : filesOf(WRITTEN)) {
            Files.copy(file, directory.resolve(file.getFileName()));
        }
    }

    private static List<Path> filesOf(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.sorted().toList();
        }
    }

    /** What is in each file of a folder. */
    static Map<String, List<Byte>> contents(Path folder) throws IOException {
        Map<String, List<Byte>> contents = new HashMap<>();
        for (Path file : filesOf(folder)) {
            byte[] bytes = Files.readAllBytes(file);
            Byte[] boxed = new Byte[bytes.length];
            java.util.Arrays.setAll(boxed, i -> bytes[i]);
            contents.put(file.getFileName().toString(), List.of(boxed));
        }
        return contents;
    }

    @Test
    void everyVersionThatIsReadHasItsGoldenJournal() throws IOException {
        assertThat(FormatVersion.readable()).contains(FormatVersion.WRITTEN);
        assertThat(filesOf(GOLDEN))
                .extracting(golden -> golden.getFileName().toString())
                .containsExactlyElementsOf(FormatVersion.readable().stream()
                        .map(version -> "v" + version)
                        .toList());
    }

    @Test
    void theVersionThatIsWrittenHasTheBytesThatItHadFromItsBeginning() throws IOException {
        GoldenJournalWriter.write(directory);
        assertThat(contents(directory)).isEqualTo(contents(WRITTEN));
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 77})
    void aNewerJournalIsRefusedByNameAndLeftAsItWas(int version) throws IOException {
        copy();
        Path segment = folder.segment(8192);
        OtherVersion.ofSegment(segment, version);
        // What a crash of the newer program may have left is its own business.
        Files.write(directory.resolve("checkpoint.tmp"), new byte[3]);
        Map<String, List<Byte>> before = contents(directory);

        String refusal = "journal has a newer format: path=" + segment + " version=" + version
                + " supported=1 (use the version of tapestream that wrote it, or move the folder away to begin a new journal)";
        assertThatThrownBy(this::open)
                .isInstanceOf(JournalMismatchException.class)
                .hasMessage(refusal);
        assertThatThrownBy(() -> Journal.openReadOnly(directory))
                .isInstanceOf(JournalMismatchException.class)
                .hasMessage(refusal);

        assertThat(contents(directory)).isEqualTo(before);
    }

    @Test
    void aVersionThatNothingEverWroteIsRefusedToo() throws IOException {
        copy();
        OtherVersion.ofSegment(folder.segment(0), 0);
        assertThatThrownBy(this::open)
                .isInstanceOf(JournalMismatchException.class)
                .hasMessageStartingWith("journal has an unknown format: path=" + folder.segment(0) + " version=0 ");
    }

    @Test
    void aNewerCheckpointIsRefusedByNameAndLeftAsItWas() throws IOException {
        copy();
        Path checkpoint = directory.resolve("checkpoint");
        OtherVersion.ofCheckpoint(checkpoint, 2);
        Map<String, List<Byte>> before = contents(directory);

        String refusal = "checkpoint has a newer format: path=" + checkpoint + " version=2 supported=1"
                + " (use the version of tapestream that wrote it, or delete this file: everything that is retained is"
                + " published again)";
        assertThatThrownBy(this::open)
                .isInstanceOf(JournalMismatchException.class)
                .hasMessage(refusal);
        assertThat(contents(directory)).isEqualTo(before);

        Files.delete(checkpoint);
        try (Journal journal = open()) {
            assertThat(journal.checkpoint()).isZero();
        }
    }

    @Test
    void aFlippedBitOfTheVersionIsDamageAndNoOtherVersion() throws IOException {
        copy();
        Path segment = folder.segment(8192);
        byte[] whole = Files.readAllBytes(segment);
        int entries = entriesSeen();
        for (int bit = 8 * 8; bit < 12 * 8; bit++) {
            byte[] damaged = whole.clone();
            damaged[bit / 8] ^= (byte) (1 << bit % 8);
            Files.write(segment, damaged);
            assertThat(entriesSeen()).as("bit %d", bit).isEqualTo(entries);
        }
    }

    private int entriesSeen() {
        int entries = 0;
        try (Journal outside = Journal.openReadOnly(directory);
                JournalReader reader = outside.reader(0)) {
            while (reader.next()) {
                entries++;
            }
        }
        return entries;
    }
}
