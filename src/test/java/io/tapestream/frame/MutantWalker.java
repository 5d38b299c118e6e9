package io.tapestream.frame;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import javax.tools.FileObject;
import javax.tools.ForwardingJavaFileManager;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileManager;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;

/**
 * Makes walkers with a planted bug: the package's own sources, a piece of one replaced, compiled in memory and loaded
 * beside the real ones, so that the program carries no trace of it.
 */
final class MutantWalker {
    private static final Path SOURCES = Path.of("src/main/java/io/tapestream/frame");
    private static final Path READER = Path.of("src/test/java/io/tapestream/frame/WalkerReader.java");

    private MutantWalker() {}

    /** A {@link WalkerReader} on sources in which the one {@code original} in {@code file} is replaced. */
    static Function<byte[], MessageReading> with(String file, String original, String replacement) throws Exception {
        List<JavaFileObject> sources = new ArrayList<>();
        for (Path source : sources()) {
            String code = Files.readString(source);
            boolean isMutant = source.endsWith(file);
            sources.add(new Source(source, isMutant ? replaced(code, original, replacement) : code));
        }
        Class<?> reader = new Loader(compiled(sources)).loadClass(WalkerReader.class.getName());
        @SuppressWarnings("unchecked") // The reader's own declaration, and the reading is the parent loader's class.
        Function<byte[], MessageReading> instance = (Function<byte[], MessageReading>)
                reader.getDeclaredConstructor().newInstance();
        return instance;
    }

    private static List<Path> sources() throws IOException {
        try (var files = Files.list(SOURCES)) {
            List<Path> sources = new ArrayList<>(
                    files.filter(file -> !file.endsWith("package-info.java")).toList());
            sources.add(READER);
            return sources;
        }
    }

    private static String replaced(String code, String original, String replacement) {
        int at = code.indexOf(original);
        if (at < 0 || code.indexOf(original, at + 1) >= 0) {
            throw new IllegalArgumentException(
                    "code to plant a bug in not found exactly once: code=" + original + " (adapt it to the source)");
        }
        return code.replace(original, replacement);
    }

    private static Map<String, byte[]> compiled(List<JavaFileObject> sources) throws IOException {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        try (Classes classes = new Classes(compiler.getStandardFileManager(null, null, null))) {
            if (!compiler.getTask(null, classes, null, List.of("-proc:none"), null, sources)
                    .call()) {
                throw new IllegalArgumentException("planted bug does not compile");
            }
            return classes.bytes();
        }
    }

    /** Source code in memory. */
    private static final class Source extends SimpleJavaFileObject {
        private final String code;

        Source(Path file, String code) {
            super(file.toUri(), Kind.SOURCE);
            this.code = code;
        }

        @Override
        public CharSequence getCharContent(boolean ignoreEncodingErrors) {
            return code;
        }
    }

    /** Keeps what the compiler writes. */
    private static final class Classes extends ForwardingJavaFileManager<JavaFileManager> {
        private final Map<String, ByteArrayOutputStream> written = new HashMap<>();

        Classes(JavaFileManager files) {
            super(files);
        }

        @Override
        public JavaFileObject getJavaFileForOutput(
                Location location, String className, JavaFileObject.Kind kind, FileObject sibling) {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            written.put(className, bytes);
            return new SimpleJavaFileObject(URI.create("mem:///" + className), kind) {
                @Override
                public OutputStream openOutputStream() {
                    return bytes;
                }
            };
        }

        Map<String, byte[]> bytes() {
            Map<String, byte[]> bytes = new HashMap<>();
            written.forEach((name, out) -> bytes.put(name, out.toByteArray()));
            return bytes;
        }
    }

    /** Prefers its own classes to those of the same name in the program. */
    private static final class Loader extends ClassLoader {
        private final Map<String, byte[]> own;

        Loader(Map<String, byte[]> own) {
            super(MutantWalker.class.getClassLoader());
            this.own = own;
        }

        @Override
        protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            byte[] bytes = own.get(name);
            if (bytes == null) {
                return super.loadClass(name, resolve);
            }
            Class<?> loaded = findLoadedClass(name);
            return loaded != null ? loaded : defineClass(name, bytes, 0, bytes.length);
        }
    }
}
