package io.tapestream.kinesis;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import software.amazon.kinesis.producer.KinesisProducer;

/**
 * Checks that the KPL's daemon can run here: its platform, the commands it needs, its temporary directory, and last the
 * daemon's program itself. Each failure is a {@link StreamRefusedException}.
 */
final class HostCheck {
    private static final Set<String> LINUX_ARCHITECTURES = Set.of("amd64", "aarch64");
    private static final String NATIVE_FOLDER = "amazon-kinesis-producer-native-binaries";
    private static final String REMEDY =
            "set kinesis.temp-directory to a writable directory on a file system that allows programs to run";

    /** The program is unpacked beside its last version before that one is replaced. */
    private static final long NEEDED_BYTES = 256L << 20;

    private static final int PROBE_SECONDS = 10;

    /** How the daemon's program ends when it is called without arguments. */
    private static final int USAGE_EXIT_CODE = 1;

    private final HostFacts host;
    private final Path tempDirectory;

    HostCheck(HostFacts host, Path tempDirectory) {
        this.host = host;
        this.tempDirectory = tempDirectory.toAbsolutePath();
    }

    void run() {
        checkPlatform();
        checkTempDirectory();
        checkDaemon();
    }

    private void checkPlatform() {
        boolean isSupported = host.isMac() || (host.isLinux() && LINUX_ARCHITECTURES.contains(host.architecture()));
        if (!isSupported) {
            throw new StreamRefusedException("host not supported by the Kinesis Producer Library: os=" + host.os()
                    + " architecture=" + host.architecture()
                    + " (needs Linux on x86_64 or aarch64, or macOS on x86_64 or with Rosetta)");
        }
        if (host.isMusl()) {
            throw new StreamRefusedException("C library not supported by the Kinesis Producer Library: libc=musl os="
                    + host.os() + " architecture=" + host.architecture()
                    + " (needs glibc: use a Debian, Ubuntu, Amazon Linux or other glibc image)");
        }
        if (!host.hasCommand("mkfifo")) {
            throw new StreamRefusedException("command not found: name=mkfifo path=" + host.searchPath()
                    + " (the Kinesis Producer Library makes its pipes with it: install coreutils, or correct PATH)");
        }
    }

    private void checkTempDirectory() {
        if (tempDirectory.toString().chars().anyMatch(Character::isWhitespace)) {
            throw new StreamRefusedException("temporary directory has a space in its path: path=\"" + tempDirectory
                    + "\" (the Kinesis Producer Library cannot use it: set kinesis.temp-directory to a path without)");
        }
        try {
            Files.createDirectories(tempDirectory);
        } catch (IOException e) {
            throw refusedDirectory("cannot be created", e.toString());
        }
        Path script = createProgram();
        try {
            Files.writeString(script, "#!/bin/sh\nexit 0\n", StandardOpenOption.WRITE);
            checkSpace();
            run(script);
        } catch (ProgramNotStartedException e) {
            throw refusedDirectory("runs no programs, it may be mounted noexec", String.valueOf(e.getMessage()));
        } catch (IOException e) {
            throw refusedDirectory("cannot be written", e.toString());
        } finally {
            delete(script);
        }
    }

    /** What an earlier start has unpacked need not be unpacked again, so it counts as free. */
    private void checkSpace() throws IOException {
        long freeBytes = Files.getFileStore(tempDirectory).getUsableSpace() + unpackedBytes();
        if (freeBytes < NEEDED_BYTES) {
            throw new StreamRefusedException(
                    "temporary directory too small: path=" + tempDirectory + " free=" + freeBytes + " needed="
                            + NEEDED_BYTES + " bytes (free some space, or set kinesis.temp-directory)");
        }
    }

    private long unpackedBytes() throws IOException {
        Path unpacked = tempDirectory.resolve(NATIVE_FOLDER);
        if (Files.notExists(unpacked)) {
            return 0;
        }
        try (Stream<Path> files = Files.list(unpacked)) {
            return files.filter(Files::isRegularFile).mapToLong(HostCheck::size).sum();
        }
    }

    private static long size(Path file) {
        try {
            return Files.size(file);
        } catch (IOException e) {
            throw new UncheckedIOException("size unknown: path=" + file, e);
        }
    }

    /** Runs the daemon's program without arguments: a missing library, or a C library too old, shows at once. */
    private void checkDaemon() {
        Path program = createProgram();
        try {
            unpackDaemon(program);
            Outcome outcome = run(program);
            if (outcome.exitCode != USAGE_EXIT_CODE) {
                throw new StreamRefusedException("daemon of the Kinesis Producer Library does not run here: exit="
                        + outcome.exitCode + " output=\"" + outcome.output
                        + "\" (install what it names; it needs glibc, on aarch64 also libuuid.so.1)");
            }
        } catch (ProgramNotStartedException e) {
            throw new StreamRefusedException("daemon of the Kinesis Producer Library does not run here: os=" + host.os()
                    + " architecture=" + host.architecture() + " cause=\"" + e.getMessage()
                    + "\" (it needs glibc and this architecture)");
        } catch (IOException e) {
            throw refusedDirectory("cannot be written", e.toString());
        } finally {
            delete(program);
        }
    }

    private void unpackDaemon(Path target) throws IOException {
        String platform =
                host.isMac() ? "osx" : "linux-" + (host.architecture().equals("amd64") ? "x86_64" : "aarch64");
        String resource = NATIVE_FOLDER + "/" + platform + "/kinesis_producer";
        try (InputStream program = KinesisProducer.class.getClassLoader().getResourceAsStream(resource)) {
            if (program == null) {
                throw new StreamRefusedException(
                        "daemon missing from the Kinesis Producer Library: resource=" + resource + " (reinstall)");
            }
            Files.copy(program, target, StandardCopyOption.REPLACE_EXISTING);
        }
        Files.setPosixFilePermissions(target, PosixFilePermissions.fromString("rwx------"));
    }

    private Path createProgram() {
        try {
            return Files.createTempFile(
                    tempDirectory,
                    "check-",
                    "",
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        } catch (IOException e) {
            throw refusedDirectory("cannot be written", e.toString());
        }
    }

    private static Outcome run(Path program) throws IOException {
        Process process;
        try {
            process = new ProcessBuilder(program.toString())
                    .redirectErrorStream(true)
                    .start();
        } catch (IOException e) {
            throw new ProgramNotStartedException(e);
        }
        try {
            process.getOutputStream().close();
            if (!process.waitFor(PROBE_SECONDS, TimeUnit.SECONDS)) {
                throw new IOException("program does not end: seconds=" + PROBE_SECONDS);
            }
            String output = new String(process.getInputStream().readNBytes(300), StandardCharsets.UTF_8);
            return new Outcome(process.exitValue(), output.strip().replace('\n', ' '));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        } finally {
            process.destroyForcibly();
        }
    }

    private StreamRefusedException refusedDirectory(String what, String cause) {
        return new StreamRefusedException("temporary directory " + what + ": path=" + tempDirectory + " cause=\""
                + cause + "\" (" + REMEDY + ")");
    }

    private static void delete(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw new UncheckedIOException("not deleted: path=" + file, e);
        }
    }

    private record Outcome(int exitCode, String output) {}

    private static final class ProgramNotStartedException extends IOException {
        private static final long serialVersionUID = 1L;

        ProgramNotStartedException(IOException cause) {
            super(cause.getMessage(), cause);
        }
    }
}
