package io.tapestream.kinesis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class DaemonProcessesTest {
    private static final String FOLDER = "amazon-kinesis-producer-native-binaries";

    @TempDir
    Path temp;

    private final List<ProcessHandle> started = new ArrayList<>();
    private Path program = Path.of("");

    @BeforeEach
    void makeAProgramThatOnlyWaits() throws IOException {
        program = copyOfSleep(temp.resolve("kpl"));
    }

    private static Path copyOfSleep(Path directory) throws IOException {
        Path folder = Files.createDirectories(directory.resolve(FOLDER));
        return Files.copy(Path.of("/bin/sleep"), folder.resolve("kinesis_producer_0123"));
    }

    @AfterEach
    void endAll() {
        started.forEach(ProcessHandle::destroyForcibly);
    }

    @Test
    void oneWhoseProcessHasDiedIsEnded() throws Exception {
        ProcessHandle orphan = orphan(program);

        new DaemonProcesses(temp.resolve("kpl")).endOrphaned();

        await().until(() -> !orphan.isAlive());
    }

    @Test
    void oneThatALinkLeadsToIsEndedToo() throws Exception {
        ProcessHandle orphan = orphan(program);
        Path link = Files.createSymbolicLink(temp.resolve("link"), temp.resolve("kpl"));

        new DaemonProcesses(link).endOrphaned();

        await().until(() -> !orphan.isAlive());
    }

    @Test
    void oneOfALivingProcessIsLeftAlone() throws Exception {
        ProcessHandle own = child();

        new DaemonProcesses(temp.resolve("kpl")).endOrphaned();

        assertStaysAlive(own);
    }

    @Test
    void oneOfAnotherDirectoryIsLeftAlone() throws Exception {
        ProcessHandle orphan = orphan(copyOfSleep(temp.resolve("kpl-of-others")));

        new DaemonProcesses(temp.resolve("kpl")).endOrphaned();

        assertStaysAlive(orphan);
    }

    @Test
    void oneOfThisProcessIsEndedAndNoOther() throws Exception {
        ProcessHandle own = child();
        ProcessHandle orphan = orphan(program);

        new DaemonProcesses(temp.resolve("kpl")).endOwn();

        await().until(() -> !own.isAlive());
        assertStaysAlive(orphan);
    }

    private ProcessHandle child() throws IOException {
        ProcessHandle child =
                new ProcessBuilder(program.toString(), "60").start().toHandle();
        started.add(child);
        return child;
    }

    /** Starts the program from a shell that ends. */
    private ProcessHandle orphan(Path daemon) throws Exception {
        Process shell = new ProcessBuilder("sh", "-c", daemon + " 60 >/dev/null 2>&1 & echo $!").start();
        String pid = new String(shell.getInputStream().readAllBytes(), StandardCharsets.US_ASCII).trim();
        assertThat(shell.waitFor()).isZero();
        ProcessHandle orphan = ProcessHandle.of(Long.parseLong(pid)).orElseThrow();
        started.add(orphan);
        // Until the shell's copy of itself has become the program.
        await().until(() ->
                orphan.info().command().filter(daemon.toString()::equals).isPresent());
        return orphan;
    }

    private static void assertStaysAlive(ProcessHandle process) throws InterruptedException {
        TimeUnit.MILLISECONDS.sleep(200);
        assertThat(process.isAlive()).isTrue();
    }
}
