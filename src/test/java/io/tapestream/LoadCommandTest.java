package io.tapestream;

import static org.assertj.core.api.Assertions.assertThat;

import io.tapestream.journal.Journal;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LoadCommandTest {
    @TempDir
    Path folder;

    private final StringWriter err = new StringWriter();

    @Test
    void makesAJournalOfTheEnvironmentInTheFolder() {
        assertThat(load("100", "--rate", "50")).isZero();

        try (Journal journal = Journal.openReadOnly(folder.resolve("load"))) {
            assertThat(journal.endPosition()).isGreaterThan(100L);
            assertThat(journal.checkpoint()).isZero();
        }
    }

    @Test
    void addsToNothing() throws IOException {
        Path file = Files.writeString(
                Files.createDirectories(folder.resolve("load")).resolve("0.jrn"), "x");

        assertThat(load("100")).isEqualTo(Main.USAGE);

        assertThat(err.toString())
                .isEqualToIgnoringNewLines(
                        "folder not empty: path=" + folder.resolve("load") + " (a load goes into a folder of its own)");
        assertThat(folder.resolve("load")).isDirectoryContaining(file::equals);
    }

    @Test
    void saysWhichOptionMeansNothing() {
        assertThat(load("0")).isEqualTo(Main.USAGE);

        assertThat(err.toString()).isEqualToIgnoringNewLines("trades not positive: value=0");
    }

    private int load(String trades, String... more) {
        String[] arguments = {
            "load",
            "--capture",
            "conf/captures/finnhub-aapl-20230331.ndjson",
            "--into",
            folder.resolve("load").toString(),
            "--trades",
            trades
        };
        String[] all = java.util.Arrays.copyOf(arguments, arguments.length + more.length);
        System.arraycopy(more, 0, all, arguments.length, more.length);
        return Main.commandLine().setErr(new PrintWriter(err, true)).execute(all);
    }
}
