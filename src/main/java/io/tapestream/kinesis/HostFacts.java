package io.tapestream.kinesis;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.stream.Stream;

/**
 * What the KPL's daemon needs to know of a host.
 *
 * @param os name of the operating system, as Java says it
 * @param architecture of the processor, as Java says it
 * @param isMusl whether the C library is musl
 * @param searchPath folders of the commands
 */
record HostFacts(String os, String architecture, boolean isMusl, List<Path> searchPath) {
    private static final Map<String, String> GLIBC_LOADER_BY_ARCHITECTURE =
            Map.of("amd64", "lib64/ld-linux-x86-64.so.2", "aarch64", "lib/ld-linux-aarch64.so.1");

    static HostFacts ofThisHost() {
        String searchPath = System.getenv().getOrDefault("PATH", "");
        return of(Path.of("/"), System.getProperties(), searchPath);
    }

    /** The facts of a host whose files are below {@code root}. */
    static HostFacts of(Path root, Properties properties, String searchPath) {
        String os = properties.getProperty("os.name", "");
        String architecture = properties.getProperty("os.arch", "");
        String glibcLoader = GLIBC_LOADER_BY_ARCHITECTURE.get(architecture);
        // A glibc host may have musl beside it, but then it has glibc's loader too.
        boolean isMusl = glibcLoader != null && Files.notExists(root.resolve(glibcLoader)) && hasMuslLoader(root);
        List<Path> folders = Arrays.stream(searchPath.split(":", -1))
                .filter(folder -> !folder.isEmpty())
                .map(Path::of)
                .toList();
        return new HostFacts(os, architecture, isMusl, folders);
    }

    private static boolean hasMuslLoader(Path root) {
        try (Stream<Path> libraries = Files.list(root.resolve("lib"))) {
            return libraries.anyMatch(
                    library -> library.getFileName().toString().startsWith("ld-musl-"));
        } catch (IOException e) {
            return false;
        }
    }

    boolean isLinux() {
        return os.equals("Linux");
    }

    boolean isMac() {
        return os.startsWith("Mac OS X");
    }

    boolean hasCommand(String name) {
        return searchPath.stream().anyMatch(folder -> Files.isExecutable(folder.resolve(name)));
    }
}
