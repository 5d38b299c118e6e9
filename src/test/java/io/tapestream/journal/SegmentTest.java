package io.tapestream.journal;

import static io.tapestream.journal.JournalFolder.NOW;
import static io.tapestream.journal.JournalFolder.SETTINGS_JSON;
import static io.tapestream.journal.JournalFolder.append;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SegmentTest {
    @TempDir
    Path directory;

    private Segment segment() throws IOException {
        Path path = SegmentFile.pathOf(directory, 0);
        Files.write(path, new byte[4096]);
        return new Segment(path, 0, 4096, MapMode.READ_WRITE);
    }

    private static ByteBuffer acquire(Segment segment) {
        return Objects.requireNonNull(segment.acquire());
    }

    @Test
    void isUnmappedWhenTheLastUserHasLeft() throws IOException {
        Segment segment = segment();
        assertThat(segment.isMapped()).isFalse();
        segment.acquire();
        segment.acquire();
        segment.release();
        assertThat(segment.isMapped()).isTrue();
        segment.release();
        assertThat(segment.isMapped()).isFalse();
        assertThatThrownBy(segment::release).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void isMappedAgainForALaterUser() throws IOException {
        Segment segment = segment();
        acquire(segment).putLong(8, 42);
        segment.release();
        assertThat(acquire(segment).getLong(8)).isEqualTo(42);
        segment.release();
    }

    @Test
    void cannotBeAcquiredOnceItsFileIsGone() throws IOException {
        Segment segment = segment();
        Files.delete(segment.path());
        assertThat(segment.acquire()).isNull();
    }

    @Test
    void countsUsersOfManyThreads() throws Exception {
        Segment segment = segment();
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try {
            List<Future<?>> done = new ArrayList<>();
            for (int thread = 0; thread < 4; thread++) {
                done.add(threads.submit(() -> {
                    for (int i = 0; i < 500; i++) {
                        assertThat(acquire(segment).getLong(0)).isZero();
                        segment.release();
                    }
                }));
            }
            for (Future<?> each : done) {
                each.get();
            }
        } finally {
            threads.shutdownNow();
        }
        assertThat(segment.isMapped()).isFalse();
    }

    @Test
    void aJournalKeepsOnlyTheSegmentsInUseMapped() throws IOException {
        assumeThat(Files.exists(Path.of("/proc/self/maps"))).isTrue();
        Journal journal = new JournalFolder(directory).open();
        JournalReader old = journal.reader(0);
        journal.appender().openSession(false, SETTINGS_JSON, NOW);
        assertThat(old.next()).isTrue();
        while (journal.endPosition() < 10 * 8192) {
            append(journal, "x".repeat(1000));
        }
        journal.maintain(0, true);
        assertThat(mappedFiles()).containsExactly(0L, 10 * 8192L, 11 * 8192L);
        assertThat(old.frame().length()).isEqualTo(SETTINGS_JSON.length);
        old.close();
        assertThat(mappedFiles()).containsExactly(10 * 8192L, 11 * 8192L);

        JournalReader live = journal.reader(journal.endPosition());
        assertThat(live.next()).isFalse();
        journal.close();
        assertThat(mappedFiles()).containsExactly(10 * 8192L);
        live.close();
        assertThat(mappedFiles()).isEmpty();
        assertThatThrownBy(() -> append(journal, "too late")).isInstanceOf(IllegalStateException.class);
    }

    private List<Long> mappedFiles() throws IOException {
        try (var lines = Files.lines(Path.of("/proc/self/maps"))) {
            return lines.filter(line -> line.contains(directory + "/") && line.contains(".jrn"))
                    .map(line -> line.replaceAll(".*/(\\d{20})\\.jrn.*", "$1"))
                    .map(Long::parseLong)
                    .sorted()
                    .toList();
        }
    }
}
