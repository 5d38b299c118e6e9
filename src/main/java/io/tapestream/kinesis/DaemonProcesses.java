package io.tapestream.kinesis;

import java.io.IOException;
import java.nio.file.Path;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The KPL's daemons that run from one temporary directory, as the system knows them. */
final class DaemonProcesses {
    private static final Logger log = LoggerFactory.getLogger(DaemonProcesses.class);
    private static final long INIT = 1;

    private final Path directory;

    DaemonProcesses(Path tempDirectory) {
        directory = realPath(tempDirectory);
    }

    /** The path without symbolic links, as the system names the program of a process. */
    private static Path realPath(Path path) {
        try {
            return path.toRealPath();
        } catch (IOException e) {
            return path.toAbsolutePath();
        }
    }

    /** Ends those that this process has started. */
    void endOwn() {
        end(ProcessHandle.current().children(), "started by this process");
    }

    /**
     * Ends those whose process has died. One that is killed before it has opened its daemon's pipes leaves a daemon
     * that waits for that, and for nothing else, for ever.
     */
    void endOrphaned() {
        end(ProcessHandle.allProcesses().filter(DaemonProcesses::isOrphaned), "its process has died");
    }

    private void end(Stream<ProcessHandle> processes, String reason) {
        processes.filter(runsFrom(directory)).forEach(daemon -> {
            log.warn("daemon of the KPL ended by force pid={} reason=\"{}\"", daemon.pid(), reason);
            daemon.destroyForcibly();
        });
    }

    private static Predicate<ProcessHandle> runsFrom(Path directory) {
        return process -> process.info()
                .command()
                .filter(command -> Path.of(command).startsWith(directory))
                .isPresent();
    }

    /** Whether another one than a JVM has become the parent: init, or whoever takes its place for a group. */
    private static boolean isOrphaned(ProcessHandle process) {
        ProcessHandle parent = process.parent().orElse(null);
        if (parent == null) {
            return true;
        }
        if (parent.equals(ProcessHandle.current())) { // which is the first process of a container
            return false;
        }
        return parent.pid() == INIT
                || parent.info().command().filter(command -> !isJvm(command)).isPresent();
    }

    private static boolean isJvm(String command) {
        return Path.of(command).endsWith("java");
    }
}
