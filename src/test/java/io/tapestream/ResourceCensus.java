package io.tapestream;

import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.toList;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.netty.util.internal.PlatformDependent;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.CodeSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.management.JMException;
import javax.management.ObjectName;
import org.jspecify.annotations.Nullable;

/**
 * What this process holds at a moment, as the system and the virtual machine tell it: threads, file descriptors and the
 * sockets among them, mapped files, child processes, Netty's buffers and memory, objects of the product, and the
 * contents of some folders. Two of them are compared, so nothing is named that was there before. Linux only.
 */
public final class ResourceCensus {
    private static final Path PROCESS = Path.of("/proc/self");
    private static final Pattern SOCKET = Pattern.compile("socket:\\[(\\d+)]");
    private static final Pattern DIGITS = Pattern.compile("\\d+");
    private static final Pattern MAPPED = Pattern.compile("(?:\\S+\\s+){5}(/.*)");
    private static final Pattern INSTANCES = Pattern.compile("\\s*\\d+:\\s+(\\d+)\\s+\\d+\\s+(\\S+).*");

    /** Code and classes, which the virtual machine opens when it comes to need them. */
    private static final Pattern CODE =
            Pattern.compile(".*(\\.jar|\\.so[.\\d]*|/modules|\\.class|\\.jsa)(?: \\(deleted\\))?");

    private static final Set<String> GROUPS_OF_THE_MACHINE = Set.of("system", "InnocuousThreadGroup");

    private static final Pattern COUNTED_CLASSES =
            Pattern.compile("io\\.tapestream\\..*|software\\.amazon\\.kinesis\\.producer\\.[A-Z].*"
                    + "|io\\.netty\\.(channel\\..*SocketChannel|handler\\.ssl\\.SslHandler"
                    + "|util\\.concurrent\\.ScheduledFutureTask)");

    /** Netty's allocator keeps what it has, in pieces of a few hundred KiB, by the threads that use it. */
    private static final long DIRECT_MEMORY_STEP = 4 << 20;

    private static final int NAMES_TOLD = 10;

    private final Map<String, List<String>> namesByKind;

    private ResourceCensus(Map<String, List<String>> namesByKind) {
        this.namesByKind = namesByKind;
    }

    /** Takes one now, after a collection of garbage; also of what is in these folders. */
    public static ResourceCensus take(Path... folders) {
        List<String> objects = objects();
        ResourceCensus census = takeOfTheSystem(folders);
        put(census.namesByKind, objects, name -> name);
        return census;
    }

    /** Takes one of all but objects, and so without a collection, which would close what nobody has closed. */
    private static ResourceCensus takeOfTheSystem(Path... folders) {
        Map<String, List<String>> namesByKind = new TreeMap<>();
        put(namesByKind, threads(), name -> name);
        put(namesByKind, descriptors(), ResourceCensus::kindOfDescriptor);
        put(namesByKind, mappedFiles(), name -> "mapped file");
        put(namesByKind, children(), name -> "child process");
        put(namesByKind, copies("buffer of Netty", NettyLeaks.openBuffers()), name -> name);
        put(
                namesByKind,
                copies("4 MiB of direct memory of Netty", PlatformDependent.usedDirectMemory() / DIRECT_MEMORY_STEP),
                name -> name);
        for (Path folder : folders) {
            put(namesByKind, files(folder), name -> "file in " + folder);
        }
        return new ResourceCensus(namesByKind);
    }

    private static void put(
            Map<String, List<String>> namesByKind, List<String> names, Function<String, String> kindOf) {
        namesByKind.putAll(names.stream().collect(groupingBy(kindOf, toList())));
    }

    /** Fails if there is still more than when this was taken, once there was time for what ends by itself. */
    public void assertNothingIsAdded(Path... folders) {
        await().pollInSameThread()
                .untilAsserted(
                        () -> assertThat(growthTo(takeOfTheSystem(folders))).isEmpty());
        await().pollInSameThread()
                .untilAsserted(() -> assertThat(growthTo(take(folders))).isEmpty());
    }

    /**
     * The same where a library leaves it to the collector to close what it has opened, and where clients connect to a
     * server of this process as often as they like.
     */
    public void assertNothingIsKept(int serverPort, Path... folders) {
        String ofServer = String.format(":%04X->", serverPort);
        ResourceCensus before = without(ofServer);
        await().pollInSameThread()
                .untilAsserted(() -> assertThat(before.growthTo(take(folders).without(ofServer)))
                        .isEmpty());
    }

    private ResourceCensus without(String part) {
        Map<String, List<String>> others = new TreeMap<>();
        namesByKind.forEach((kind, names) -> others.put(
                kind, names.stream().filter(name -> !name.contains(part)).toList()));
        return new ResourceCensus(others);
    }

    /** What there is more of in a later one: a line for each kind, with some of the names that are new. */
    private List<String> growthTo(ResourceCensus later) {
        List<String> growth = new ArrayList<>();
        later.namesByKind.forEach((kind, names) -> {
            List<String> before = namesByKind.getOrDefault(kind, List.of());
            if (names.size() > before.size()) {
                List<String> added = new ArrayList<>(names);
                before.forEach(added::remove);
                growth.add(kind + ": before=" + before.size() + " now=" + names.size() + " such as "
                        + added.stream().distinct().limit(NAMES_TOLD).toList());
            }
        });
        return growth;
    }

    private static List<String> objects() {
        List<String> objects = new ArrayList<>();
        for (String line : histogram().lines().toList()) {
            MatchResult match = match(INSTANCES, line);
            if (match != null && COUNTED_CLASSES.matcher(match.group(2)).matches() && !isOfTheTests(match.group(2))) {
                objects.addAll(copies("object " + match.group(2), Long.parseLong(match.group(1))));
            }
        }
        return objects;
    }

    /** The live objects by class, as {@code jcmd GC.class_histogram} prints them. */
    private static String histogram() {
        try {
            return (String) ManagementFactory.getPlatformMBeanServer()
                    .invoke(
                            new ObjectName("com.sun.management:type=DiagnosticCommand"),
                            "gcClassHistogram",
                            new Object[] {new String[0]},
                            new String[] {String[].class.getName()});
        } catch (JMException e) {
            throw new IllegalStateException(e);
        }
    }

    private static boolean isOfTheTests(String className) {
        try {
            Class<?> type = Class.forName(className, false, ResourceCensus.class.getClassLoader());
            CodeSource source = type.getProtectionDomain().getCodeSource();
            CodeSource ofTests = ResourceCensus.class.getProtectionDomain().getCodeSource();
            return source != null && source.getLocation().equals(ofTests.getLocation());
        } catch (ClassNotFoundException e) {
            return true; // an array, or made while running
        }
    }

    private static List<String> threads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(ResourceCensus::isOfTheProgram)
                .map(thread -> "thread " + DIGITS.matcher(thread.getName()).replaceAll("#"))
                .toList();
    }

    /** Whether a thread is none of the virtual machine's own, such as those that wait for child processes. */
    private static boolean isOfTheProgram(Thread thread) {
        ThreadGroup group = thread.getThreadGroup();
        return group != null && !GROUPS_OF_THE_MACHINE.contains(group.getName());
    }

    private static List<String> descriptors() {
        Map<String, String> sockets = new TreeMap<>();
        for (String table : List.of("tcp", "tcp6", "udp", "udp6")) {
            linesOf(PROCESS.resolve("net").resolve(table)).skip(1).forEach(line -> {
                String[] columns = line.strip().split("\\s+", -1);
                sockets.put(columns[9], table + " state=" + columns[3] + " " + columns[1] + "->" + columns[2]);
            });
        }
        try (Stream<Path> descriptors = Files.list(PROCESS.resolve("fd"))) {
            return descriptors
                    .map(ResourceCensus::target)
                    .filter(target -> !target.isEmpty() && !CODE.matcher(target).matches())
                    .map(target -> {
                        MatchResult socket = match(SOCKET, target);
                        return socket == null
                                ? target
                                : "socket " + sockets.getOrDefault(socket.group(1), "of another family");
                    })
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String target(Path descriptor) {
        try {
            return Files.readSymbolicLink(descriptor).toString();
        } catch (IOException e) {
            return ""; // closed meanwhile, such as the one of the list itself
        }
    }

    private static String kindOfDescriptor(String name) {
        if (name.startsWith("socket ")) {
            return name.replaceFirst("(state=\\S+).*", "$1");
        }
        return "descriptor of " + (name.startsWith("/") ? "a file" : name.replaceAll(":\\[\\d+]", ""));
    }

    private static List<String> mappedFiles() {
        return linesOf(PROCESS.resolve("maps"))
                .map(line -> match(MAPPED, line))
                .flatMap(Stream::ofNullable)
                .map(match -> match.group(1))
                .filter(path -> !CODE.matcher(path).matches())
                .toList();
    }

    private static List<String> children() {
        return ProcessHandle.current()
                .children()
                .map(child -> child.info().command().orElse("of unknown program"))
                .toList();
    }

    private static List<String> files(Path folder) {
        if (!Files.exists(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.walk(folder)) {
            return files.map(file -> folder.relativize(file).toString()).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<String> copies(String name, long count) {
        return Collections.nCopies((int) count, name);
    }

    private static Stream<String> linesOf(Path file) {
        try {
            return Files.readAllLines(file, StandardCharsets.ISO_8859_1).stream();
        } catch (NoSuchFileException e) {
            return Stream.empty(); // a machine without IPv6
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static @Nullable MatchResult match(Pattern pattern, String text) {
        var matcher = pattern.matcher(text);
        return matcher.matches() ? matcher.toMatchResult() : null;
    }
}
