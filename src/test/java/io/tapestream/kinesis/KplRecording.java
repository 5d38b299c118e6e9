package io.tapestream.kinesis;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * What the KPL was given and what it made of it, as a file of {@code src/test/resources/payloads/kpl}: the test data of
 * whatever reads the stream.
 *
 * @param description how it was recorded
 * @param streamRecords what the endpoint received, in order of arrival
 * @param userRecords what was given to the KPL, in order
 */
public record KplRecording(String description, List<StreamRecord> streamRecords, List<StreamRecord> userRecords) {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** The file of the recording of so many user records: 1, 2, 10 or 363. */
    public static Path file(int userRecords) {
        return Path.of("src/test/resources/payloads/kpl", "kpl-" + userRecords + "-user-records.json");
    }

    /** Reads a recording. */
    public static KplRecording read(Path file) throws IOException {
        JsonNode recording = JSON.readTree(file.toFile());
        return new KplRecording(
                recording.get("description").textValue(),
                streamRecords(recording.get("stream_records")),
                streamRecords(recording.get("user_records")));
    }

    private static List<StreamRecord> streamRecords(JsonNode array) throws IOException {
        List<StreamRecord> records = new ArrayList<>();
        for (JsonNode element : array) {
            records.add(new StreamRecord(
                    element.get("partition_key").textValue(),
                    element.get("explicit_hash_key").asText(""),
                    element.get("data").binaryValue()));
        }
        return records;
    }

    void write(Path file) throws IOException {
        Files.createDirectories(file.getParent());
        ObjectNode recording = JSON.createObjectNode();
        recording.put("description", description);
        add(recording.putArray("stream_records"), streamRecords);
        add(recording.putArray("user_records"), userRecords);
        Files.writeString(file, JSON.writerWithDefaultPrettyPrinter().writeValueAsString(recording) + "\n");
    }

    private static void add(ArrayNode array, List<StreamRecord> records) {
        for (StreamRecord streamRecord : records) {
            String explicitHashKey = streamRecord.explicitHashKey();
            array.addObject()
                    .put("partition_key", streamRecord.partitionKey())
                    .put("explicit_hash_key", explicitHashKey.isEmpty() ? null : explicitHashKey)
                    .put("data", streamRecord.payload());
        }
    }
}
