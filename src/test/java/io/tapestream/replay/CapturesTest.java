package io.tapestream.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tapestream.frame.Frame;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CapturesTest {
    private static final String GOOD = "{\"received_at\":1,\"frame\":\"x\"}\n";

    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"copy.ndjson", "copy.ndjson.gz"})
    void writesAllCapturesSoThatTheyReadBackEqual(String name) {
        Path copy = folder.resolve(name);
        List<String> written = new ArrayList<>();
        try (CaptureWriter writer = CaptureWriter.create(copy)) {
            for (Path capture : List.of(MarketBuilder.AAPL, MarketBuilder.CRYPTO)) {
                written.addAll(read(capture, writer));
            }
            assertThat(writer.frames()).isEqualTo(432);
        }
        assertThat(read(copy, null)).hasSize(432).isEqualTo(written);
    }

    @Test
    void writesEveryPayloadAndAnyOtherBytesSoThatTheyReadBackEqual() throws IOException {
        List<byte[]> payloads = new ArrayList<>();
        try (Stream<Path> files = Files.list(Path.of("src/test/resources/payloads"))) {
            for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
                payloads.add(Files.readAllBytes(file));
            }
        }
        payloads.add(new byte[0]);
        payloads.add(bytes("\"\\/\b\f\n\r\t\u0000\u001f\u007f\u00e9\u5e01\ud83d\ude00\u2028\ufeff"));
        payloads.add(new byte[] {'{', (byte) 0xc3, 0x28, '}'});
        payloads.add(new byte[] {(byte) 0xc0, (byte) 0x80});
        payloads.add(new byte[] {(byte) 0xed, (byte) 0xa0, (byte) 0x80});
        payloads.add(new byte[] {(byte) 0xe5, (byte) 0xb8});
        byte[] all = new byte[100_000];
        for (int i = 0; i < all.length; i++) {
            all[i] = (byte) ((i * 31) >> 3);
        }
        payloads.add(all);
        Path copy = folder.resolve("copy.ndjson");
        try (CaptureWriter writer = CaptureWriter.create(copy)) {
            for (byte[] payload : payloads) {
                // A direct buffer, and an offset in it: what a journal's mapped segment hands out.
                ByteBuffer buffer = ByteBuffer.allocateDirect(payload.length + 7);
                buffer.put(7, payload);
                writer.write(new Frame().wrap(buffer, 7, payload.length).of(3, true, 5));
            }
        }
        assertThat(MarketBuilder.framesOf(copy)).containsExactlyElementsOf(payloads);
    }

    @Test
    void writesTextAsTextAndOtherBytesAsBase64() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (CaptureWriter writer = CaptureWriter.to(out)) {
            for (byte[] payload : List.of(bytes("{\"s\":\"\u5e01\"}"), new byte[] {(byte) 0xff, 0})) {
                writer.write(new Frame()
                        .wrap(ByteBuffer.wrap(payload), 0, payload.length)
                        .of(1, false, 7));
            }
        }
        assertThat(out.toString(StandardCharsets.UTF_8)).isEqualTo("""
                        {"received_at":7,"frame":"{\\"s\\":\\"\u5e01\\"}"}
                        {"received_at":7,"frame_base64":"/wA="}
                        """);
    }

    @Test
    void refusesToWriteOverAFile() throws IOException {
        Path file = Files.createFile(folder.resolve("kept.ndjson"));
        assertThatThrownBy(() -> CaptureWriter.create(file))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessage("cannot create capture: file=" + file + " (must be new and writable)");
    }

    @Test
    void tellsGzipByContentAndNotByName() throws IOException {
        Path file = folder.resolve("capture");
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(file))) {
            out.write(bytes(GOOD));
        }
        assertThat(read(file, null)).containsExactly("1 x");
    }

    @Test
    void skipsBlankLinesUnknownFieldsAByteOrderMarkAndSpaces() throws IOException {
        Path file = folder.resolve("capture");
        Files.writeString(
                file,
                "\ufeff{ \"note\" : {\"frame\":[1,{}]}, \"received_at\" : 12 ,\t\"frame\":\"\\u5e01\\n\" }\r\n\n\r\n  \n"
                        + "{\"frame\":\"\",\"received_at\":0}");
        assertThat(read(file, null)).containsExactly("12 \u5e01\n", "0 ");
    }

    @Test
    void readsAnEmptyFileAsNoFrames() throws IOException {
        assertThat(read(Files.createFile(folder.resolve("capture")), null)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "[1]|must be a JSON object",
                "\"x\"|must be a JSON object",
                "{\"received_at\":1,\"frame\":\"x\"|must be one valid JSON object, keys not repeated; column=29",
                "{\"received_at\":1,\"frame\":\"x\"} {}|must be one JSON object, nothing after it",
                "{\"received_at\":1,\"frame\":\"x\",}|must be one valid JSON object, keys not repeated; column=30",
                "{\"received_at\":1,\"frame\":\"x\",\"frame\":\"y\"}|must be one valid JSON object, keys not repeated; column=37",
                "{\"received_at\":01,\"frame\":\"x\"}|must be one valid JSON object, keys not repeated; column=17",
                "not JSON|must be one valid JSON object, keys not repeated; column=1",
                "{\"frame\":\"x\"}|must have received_at",
                "{\"received_at\":1}|must have frame or frame_base64",
                "{\"received_at\":\"1\",\"frame\":\"x\"}|received_at must be a whole number of milliseconds, 0 or more",
                "{\"received_at\":1.5,\"frame\":\"x\"}|received_at must be a whole number of milliseconds, 0 or more",
                "{\"received_at\":-1,\"frame\":\"x\"}|received_at must be a whole number of milliseconds, 0 or more",
                "{\"received_at\":9223372036854775808,\"frame\":\"x\"}|received_at must be a whole number of milliseconds, 0 or more",
                "{\"received_at\":null,\"frame\":\"x\"}|received_at must be a whole number of milliseconds, 0 or more",
                "{\"received_at\":1,\"frame\":{}}|frame must be a string",
                "{\"received_at\":1,\"frame\":null}|frame must be a string",
                "{\"received_at\":1,\"frame\":\"\\ud800\"}|frame must not hold half of a surrogate pair",
                "{\"received_at\":1,\"frame\":\"\\ude00x\"}|frame must not hold half of a surrogate pair",
                "{\"received_at\":1,\"frame_base64\":1}|frame_base64 must be a string",
                "{\"received_at\":1,\"frame_base64\":\"%%%%\"}|frame_base64 must be base64",
                "{\"received_at\":1,\"frame_base64\":\"QQ\"}|frame_base64 must be base64",
                "{\"received_at\":1,\"frame\":\"x\",\"frame_base64\":\"QQ==\"}|must have frame or frame_base64, not both",
            })
    void namesFileLineAndRuleOfABrokenLine(String line, String rule) throws IOException {
        Path file = Files.writeString(folder.resolve("capture"), GOOD + "\n" + line + "\n" + GOOD);
        assertBroken(file, 3, rule);
    }

    @Test
    void namesFileLineAndRuleOfALineThatIsNotUtf8() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(bytes(GOOD));
        out.write(bytes("{\"received_at\":1,\"frame\":\""));
        out.write(0xe5);
        out.write(bytes("\"}\n"));
        assertBroken(Files.write(folder.resolve("capture"), out.toByteArray()), 2, "must be UTF-8");
    }

    @Test
    void namesFileAndLineWhereGzipDataEnds() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (OutputStream gzip = new GZIPOutputStream(out)) {
            gzip.write(bytes(GOOD));
        }
        byte[] whole = out.toByteArray();
        Path file = Files.write(folder.resolve("capture"), Arrays.copyOf(whole, whole.length - 9));
        assertThatThrownBy(() -> read(file, null))
                .isInstanceOf(CaptureException.class)
                .hasMessageContaining("capture line broken: file=" + file)
                .hasMessageEndingWith("(gzip data must be whole)");
        Path cut = Files.write(folder.resolve("short"), Arrays.copyOf(whole, 5));
        assertThatThrownBy(() -> read(cut, null))
                .isInstanceOf(CaptureException.class)
                .hasMessage("capture not readable: file=" + cut + " line=1 (gzip data must be whole)");
    }

    @Test
    void takesTheNdjsonFilesOfAFolderByName() throws IOException {
        Files.writeString(folder.resolve("b.ndjson"), "{\"received_at\":2,\"frame\":\"b\"}");
        Files.writeString(folder.resolve("a.ndjson"), "{\"received_at\":1,\"frame\":\"a\"}");
        Files.writeString(folder.resolve("notes.txt"), "no capture");
        Captures captures = Captures.of(List.of(folder, folder.resolve("a.ndjson")));
        assertThat(captures.count()).isEqualTo(3);
        List<String> first = new ArrayList<>();
        for (int i = 0; i < captures.count(); i++) {
            try (CaptureReader reader = captures.open(i)) {
                reader.next();
                first.add(text(reader.frame()));
            }
        }
        assertThat(first).containsExactly("1 a", "2 b", "1 a");
    }

    @Test
    void saysWhichCaptureIsMissing() throws IOException {
        Path missing = folder.resolve("missing");
        assertThatThrownBy(() -> Captures.of(List.of(missing)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("capture does not exist: path=" + missing);
        assertThatThrownBy(() -> Captures.of(List.of(folder)))
                .hasMessage("folder holds no captures: path=" + folder + " (expected: *.jrn, *.ndjson or *.ndjson.gz)");
        assertThatThrownBy(() -> Captures.of(List.of()))
                .hasMessage("no captures given (name at least one file or folder)");
    }

    private static void assertBroken(Path file, int line, String rule) {
        assertThatThrownBy(() -> read(file, null))
                .isInstanceOf(CaptureException.class)
                .hasMessage("capture line broken: file=" + file + " line=" + line + " (" + rule + ")");
    }

    private static List<String> read(Path capture, @Nullable CaptureWriter copy) {
        List<String> frames = new ArrayList<>();
        try (CaptureReader reader = Captures.of(List.of(capture)).open(0)) {
            while (reader.next()) {
                frames.add(text(reader.frame()));
                if (copy != null) {
                    copy.write(reader.frame());
                }
            }
        }
        return frames;
    }

    private static String text(Frame frame) {
        byte[] bytes = new byte[frame.length()];
        frame.buffer().get(frame.offset(), bytes);
        return frame.receivedAtMillis() + " " + new String(bytes, StandardCharsets.UTF_8);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
