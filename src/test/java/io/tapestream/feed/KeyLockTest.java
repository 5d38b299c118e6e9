package io.tapestream.feed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KeyLockTest {
    private static final ApiKey KEY = FeedRig.KEY;

    @TempDir
    Path parent;

    private Path directory() {
        return parent.resolve("a/keys");
    }

    private Path file() {
        return directory().resolve(KEY.fingerprint() + ".lock");
    }

    private static String ownPid() {
        return Long.toString(ProcessHandle.current().pid());
    }

    @Test
    void isHeldOnceInAProcess() throws IOException {
        try (KeyLock first = KeyLock.take(directory(), KEY)) {
            assertThat(first).isNotNull();
            assertThatThrownBy(() -> KeyLock.take(directory(), KEY))
                    .isInstanceOf(KeyInUseException.class)
                    .hasMessage("api key is in use on this host: pid=" + ownPid() + " lock=" + file().toRealPath()
                            + " (a second connection would make the venue drop both; stop that process or use"
                            + " another key)");
            try (KeyLock other = KeyLock.take(directory(), ApiKey.of("another"))) {
                assertThat(other).isNotNull();
            }
            assertHeldForOthers();
        }
        KeyLock.take(directory(), KEY).close();
    }

    /** A second try in this process must not have freed the lock, as closing a second channel would. */
    private void assertHeldForOthers() throws IOException {
        Process other = start();
        assertThat(firstLine(other)).startsWith("api key is in use on this host: pid=" + ownPid() + " ");
    }

    @Test
    void isRefusedToASecondProcessUntilTheFirstIsKilled() throws IOException, InterruptedException {
        Process holder = start();
        try {
            assertThat(firstLine(holder)).isEqualTo("held true");
            assertThatThrownBy(() -> KeyLock.take(directory(), KEY))
                    .isInstanceOf(KeyInUseException.class)
                    .hasMessageContaining("pid=" + holder.pid() + " ");
            try (FeedRig rig = new FeedRig(URI.create("ws://127.0.0.1:9/"), directory())) {
                assertThatThrownBy(rig::client).isInstanceOf(KeyInUseException.class);
            }
        } finally {
            holder.destroyForcibly();
        }
        assertThat(holder.waitFor(10, TimeUnit.SECONDS)).isTrue();
        assertThat(file()).hasContent(Long.toString(holder.pid()));
        KeyLock.take(directory(), KEY).close();
    }

    private Process start() throws IOException {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-Xshare:auto",
                        "-cp",
                        System.getProperty("java.class.path"),
                        KeyHolder.class.getName(),
                        directory().toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        process.getOutputStream().write(FeedRig.KEY_TEXT.getBytes(StandardCharsets.US_ASCII));
        process.getOutputStream().flush();
        return process;
    }

    private static String firstLine(Process process) throws IOException {
        BufferedReader lines = process.inputReader(StandardCharsets.US_ASCII);
        return String.valueOf(lines.readLine());
    }

    @Test
    void isForAllUsersOfTheHost() throws IOException {
        KeyLock.take(directory(), KEY).close();
        assertThat((int) Files.getAttribute(directory(), "unix:mode") & 07777).isEqualTo(01777);
        assertThat(Files.getPosixFilePermissions(file())).isEqualTo(PosixFilePermissions.fromString("rw-rw-rw-"));
    }

    @Test
    void leavesAFolderThatIsThereAsItIs() throws IOException {
        Files.createDirectories(directory());
        Files.setPosixFilePermissions(directory(), PosixFilePermissions.fromString("rwxr-xr-x"));
        KeyLock.take(directory(), KEY).close();
        assertThat(Files.getPosixFilePermissions(directory())).isEqualTo(PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    @Test
    void isTakenOverAStaleFile() throws IOException {
        Files.createDirectories(directory());
        Files.writeString(file(), "1234567\nolder and longer");
        try (KeyLock lock = KeyLock.take(directory(), KEY)) {
            assertThat(lock).isNotNull();
            assertThat(Files.readString(file())).isEqualTo(ownPid() + "\n");
        }
    }

    @Test
    void doesNotFollowALink() throws IOException {
        Files.createDirectories(directory());
        Path victim = Files.writeString(parent.resolve("victim"), "precious");
        Files.createSymbolicLink(file(), victim);
        assertThatThrownBy(() -> KeyLock.take(directory(), KEY))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageStartingWith("lock of the api key cannot be taken: file=");
        assertThat(victim).hasContent("precious");
    }

    @Test
    void saysWhereItCannotBeTaken() throws IOException {
        Files.writeString(parent.resolve("a"), "a file");
        assertThatThrownBy(() -> KeyLock.take(directory(), KEY))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining(file().toString())
                .hasMessageEndingWith("see feed.key-lock-directory)");
    }

    @Test
    void isFreedWithTheFeed() {
        try (FeedRig rig = new FeedRig(URI.create("ws://127.0.0.1:9/"), directory())) {
            rig.client().close();
            FeedClient second = rig.client();
            assertThatThrownBy(rig::client).isInstanceOf(KeyInUseException.class);
            second.close();
            rig.client();
        }
    }
}
