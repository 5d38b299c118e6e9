package io.tapestream.kinesis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Properties;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HostCheckTest {
    private static final HostFacts THIS_HOST = HostFacts.ofThisHost();

    @TempDir
    Path folder;

    @Test
    void passesOnThisHostAndLeavesNothingBehind() throws IOException {
        Path temp = folder.resolve("data/local/kpl");

        new HostCheck(THIS_HOST, temp).run();

        try (Stream<Path> left = Files.list(temp)) {
            assertThat(left).isEmpty();
        }
    }

    @ParameterizedTest
    @CsvSource({"Linux, riscv64", "Linux, x86", "Windows 11, amd64", "FreeBSD, amd64"})
    void refusesAPlatformThatTheKplHasNoDaemonFor(String os, String architecture) {
        HostFacts host = new HostFacts(os, architecture, false, THIS_HOST.searchPath());

        assertThatThrownBy(() -> new HostCheck(host, folder).run())
                .isInstanceOf(StreamRefusedException.class)
                .hasMessage("host not supported by the Kinesis Producer Library: os=" + os + " architecture="
                        + architecture
                        + " (needs Linux on x86_64 or aarch64, or macOS on x86_64 or with Rosetta)");
    }

    @Test
    void refusesAHostWithMusl() {
        HostFacts alpine = new HostFacts("Linux", "amd64", true, THIS_HOST.searchPath());

        assertThatThrownBy(() -> new HostCheck(alpine, folder).run())
                .isInstanceOf(StreamRefusedException.class)
                .hasMessage("C library not supported by the Kinesis Producer Library: libc=musl os=Linux"
                        + " architecture=amd64 (needs glibc: use a Debian, Ubuntu, Amazon Linux or other glibc image)");
    }

    @Test
    void tellsMuslByItsLoaderWhereThatOfGlibcIsMissing() throws IOException {
        Files.createDirectories(folder.resolve("lib"));
        Files.createFile(folder.resolve("lib/ld-musl-x86_64.so.1"));
        assertThat(factsOf(folder).isMusl()).isTrue();

        Files.createDirectories(folder.resolve("lib64"));
        Files.createFile(folder.resolve("lib64/ld-linux-x86-64.so.2"));
        assertThat(factsOf(folder).isMusl()).isFalse();
    }

    private static HostFacts factsOf(Path root) {
        Properties properties = new Properties();
        properties.setProperty("os.name", "Linux");
        properties.setProperty("os.arch", "amd64");
        return HostFacts.of(root, properties, "/usr/bin::/bin");
    }

    @Test
    void searchesTheFoldersOfThePath() {
        assertThat(factsOf(folder).searchPath()).containsExactly(Path.of("/usr/bin"), Path.of("/bin"));
    }

    @Test
    void refusesAHostWithoutMkfifo() {
        HostFacts bare = new HostFacts(THIS_HOST.os(), THIS_HOST.architecture(), false, List.of(folder));

        assertThatThrownBy(() -> new HostCheck(bare, folder).run())
                .isInstanceOf(StreamRefusedException.class)
                .hasMessageStartingWith("command not found: name=mkfifo path=[" + folder + "] (");
    }

    @Test
    void refusesAPathWithASpace() {
        Path spaced = folder.resolve("my data");

        assertThatThrownBy(() -> new HostCheck(THIS_HOST, spaced).run())
                .isInstanceOf(StreamRefusedException.class)
                .hasMessageStartingWith("temporary directory has a space in its path: path=\"" + spaced + "\"");
    }

    @Test
    void refusesADirectoryThatCannotBeCreated() throws IOException {
        Path file = Files.createFile(folder.resolve("file"));

        assertThatThrownBy(() -> new HostCheck(THIS_HOST, file.resolve("kpl")).run())
                .isInstanceOf(StreamRefusedException.class)
                .hasMessageStartingWith("temporary directory cannot be created: path=" + file + "/kpl cause=")
                .hasMessageEndingWith("(set kinesis.temp-directory to a writable directory on a file system that allows"
                        + " programs to run)");
    }

    @ParameterizedTest
    @CsvSource({
        "'noexec,size=300m', 'temporary directory runs no programs, it may be mounted noexec: path='",
        "'ro,size=300m', 'temporary directory cannot be written: path='",
        "'size=1m', 'temporary directory too small: path='"
    })
    void refusesAFileSystemThatTheDaemonCannotBeUnpackedTo(String options, String message) throws Exception {
        Path mount = Files.createDirectory(folder.resolve("mount"));
        assumeTrue(
                run("mount", "-t", "tmpfs", "-o", options, "tmpfs", mount.toString()),
                "NOT RUN: this user may not mount a file system");
        try {
            assertThatThrownBy(() -> new HostCheck(THIS_HOST, mount).run())
                    .isInstanceOf(StreamRefusedException.class)
                    .hasMessageStartingWith(message + mount);
        } finally {
            run("umount", mount.toString());
        }
    }

    @Test
    void whatAnEarlierStartHasUnpackedCountsAsFree() throws Exception {
        Path mount = Files.createDirectory(folder.resolve("mount"));
        assumeTrue(
                run("mount", "-t", "tmpfs", "-o", "size=300m", "tmpfs", mount.toString()),
                "NOT RUN: this user may not mount a file system");
        try {
            Path unpacked = Files.createDirectory(mount.resolve("amazon-kinesis-producer-native-binaries"));
            Files.write(unpacked.resolve("kinesis_producer_0123"), new byte[90 << 20]);

            assertThatCode(() -> new HostCheck(THIS_HOST, mount).run()).doesNotThrowAnyException();
        } finally {
            run("umount", mount.toString());
        }
    }

    private static boolean run(String... command) throws IOException, InterruptedException {
        return new ProcessBuilder(command).inheritIO().start().waitFor() == 0;
    }
}
