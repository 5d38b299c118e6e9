package io.tapestream.record;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The test vectors and the table of reasons in docs/RECORDS.md are what the packer does. */
class RecordsDocumentTest {
    private static final Path DOCUMENT = Path.of("docs/RECORDS.md");

    static Stream<JsonNode> vectors() throws IOException {
        String text = Files.readString(DOCUMENT);
        int begin = text.indexOf("```json\n") + 8;
        JsonNode vectors = PackedFrames.parsed(text.substring(begin, text.indexOf("```", begin)));
        return StreamSupport.stream(vectors.spliterator(), false);
    }

    @ParameterizedTest
    @MethodSource("vectors")
    void isRightInEachVector(JsonNode vector) {
        int ordinal = vector.get("ordinal").intValue();
        String trade = vector.get("trade").textValue();
        var packed = new PackedFrames()
                .feed(PackedFrames.message(
                        Collections.nCopies(ordinal + 1, trade).toArray(String[]::new)));

        List<String> lines = packed.lines();
        String line = lines.get(ordinal);
        JsonNode published = PackedFrames.parsed(line);
        assertThat(published.get("trade_id")).isEqualTo(vector.get("trade_id"));
        assertThat(published.get("symbol")).isEqualTo(vector.get("symbol"));
        assertThat(published.get("traded_at")).isEqualTo(vector.get("traded_at"));
        assertThat(line)
                .contains(
                        "\"price\":" + vector.get("price").textValue() + ",",
                        "\"volume\":" + vector.get("volume").textValue() + ",");
        assertThat(published.has("kind"))
                .isEqualTo(vector.get("volume").textValue().equals("0"));
        assertThat(published.has("conditions"))
                .isEqualTo(!vector.get("conditions").isEmpty());
        assertThat(published.path("conditions")).containsExactlyElementsOf(vector.get("conditions"));
        assertThat(packed.userRecords)
                .extracting(UserRecord::partitionKey)
                .containsExactly(vector.get("bucket").asText());
    }

    @ParameterizedTest
    @MethodSource("vectors")
    void givesTheKeyOfEachVector(JsonNode vector) {
        byte[] key = DocumentedIdentity.key(
                DocumentedIdentity.parsed(vector.get("trade").textValue()));

        assertThat(HexFormat.of().formatHex(key)).isEqualTo(vector.get("key").textValue());
    }

    @Test
    void listsTheReasonsInTheOrderInWhichTheyAreTried() throws IOException {
        List<String> listed = Files.readAllLines(DOCUMENT).stream()
                .dropWhile(line -> !line.startsWith("| reason |"))
                .skip(2)
                .takeWhile(line -> line.startsWith("| `"))
                .map(line -> line.split("`", -1)[1])
                .toList();

        assertThat(listed)
                .isEqualTo(
                        Arrays.stream(Rejection.values()).map(Rejection::label).toList());
    }
}
