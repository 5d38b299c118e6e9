package io.tapestream.frame;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Real messages: the payloads among the test resources, and the frames of the captures. */
final class Messages {
    private static final Path PAYLOADS = Path.of("src/test/resources/payloads");
    private static final Path CAPTURES = Path.of("conf/captures");

    private Messages() {}

    /** The bytes of a payload file. */
    static byte[] payload(String name) {
        try {
            return Files.readAllBytes(PAYLOADS.resolve(name));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The names of all payload files. */
    static List<String> payloadNames() {
        return names(PAYLOADS, ".json");
    }

    /** The frames of all captures. */
    static List<byte[]> capturedFrames() {
        return names(CAPTURES, ".ndjson").stream()
                .flatMap(name -> framesOf(CAPTURES.resolve(name)))
                .toList();
    }

    private static Stream<byte[]> framesOf(Path capture) {
        try {
            ObjectMapper mapper = new ObjectMapper();
            return mapper
                    .readerForMapOf(Object.class)
                    .<Map<String, Object>>readValues(capture.toFile())
                    .readAll()
                    .stream()
                    .map(line -> String.valueOf(line.get("frame")).getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<String> names(Path folder, String ending) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(ending))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
