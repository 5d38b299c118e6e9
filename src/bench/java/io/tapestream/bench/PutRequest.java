package io.tapestream.bench;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Reads the records of a PutRecord or PutRecords request, in JSON or CBOR, without decoding what they carry. */
final class PutRequest {
    private static final JsonFactory JSON = new JsonFactory();

    private final List<PutEntry> entries = new ArrayList<>();

    private PutRequest() {}

    /** The records of a request, in order; of PutRecord the one. */
    static List<PutEntry> entries(byte[] bytes, int length, boolean isCbor) throws IOException {
        PutRequest request = new PutRequest();
        if (isCbor) {
            request.object(new CborReader(bytes, length));
        } else {
            try (JsonParser json = JSON.createParser(bytes, 0, length)) {
                json.nextToken();
                request.object(json, bytes);
            }
        }
        return request.entries;
    }

    /** An object that has the parts of a record, or a list of such objects, or both not. */
    private void object(JsonParser json, byte[] bytes) throws IOException {
        Parts parts = new Parts();
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            String name = json.currentName();
            JsonToken value = json.nextToken();
            switch (name) {
                case "PartitionKey" -> parts.partitionKey = json.getText();
                case "ExplicitHashKey" -> parts.explicitHashKey = json.getText();
                case "Data" -> {
                    parts.dataOffset = (int) json.currentTokenLocation().getByteOffset() + 1;
                    parts.dataLength = quotation(bytes, parts.dataOffset) - parts.dataOffset;
                }
                case "Records" -> {
                    while (json.nextToken() == JsonToken.START_OBJECT) {
                        object(json, bytes);
                    }
                }
                default -> {
                    if (value.isStructStart()) {
                        json.skipChildren();
                    }
                }
            }
        }
        add(parts, true);
    }

    /** Base64 needs no escapes: the text ends at the next quotation mark. */
    private static int quotation(byte[] bytes, int from) {
        int at = from;
        while (bytes[at] != '"') {
            at++;
        }
        return at;
    }

    private void object(CborReader cbor) throws IOException {
        Parts parts = new Parts();
        long fields = cbor.mapLength();
        while (cbor.hasNext(fields--)) {
            switch (cbor.text()) {
                case "PartitionKey" -> parts.partitionKey = cbor.text();
                case "ExplicitHashKey" -> parts.explicitHashKey = cbor.text();
                case "Data" -> {
                    parts.dataLength = cbor.skipBytes();
                    parts.dataOffset = cbor.position() - parts.dataLength;
                }
                case "Records" -> {
                    long elements = cbor.arrayLength();
                    while (cbor.hasNext(elements--)) {
                        object(cbor);
                    }
                }
                default -> cbor.skip();
            }
        }
        add(parts, false);
    }

    private void add(Parts parts, boolean isBase64) {
        if (parts.dataOffset > 0) {
            entries.add(new PutEntry(
                    parts.partitionKey, parts.explicitHashKey, parts.dataOffset, parts.dataLength, isBase64));
        }
    }

    private static final class Parts {
        private String partitionKey = "";
        private String explicitHashKey = "";
        private int dataOffset;
        private int dataLength;
    }
}
