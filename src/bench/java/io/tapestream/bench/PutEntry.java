package io.tapestream.bench;

import java.nio.ByteBuffer;
import java.util.Base64;

/**
 * A record of a request, as it lies in the request's bytes.
 *
 * @param partitionKey its partition key
 * @param explicitHashKey its explicit hash key, or empty
 * @param dataOffset where its data begins in the request
 * @param dataLength length of the data there
 * @param isBase64 whether the data is base64 there, as JSON has it
 */
record PutEntry(String partitionKey, String explicitHashKey, int dataOffset, int dataLength, boolean isBase64) {
    /** Length of its payload, bytes. */
    int payloadLength(byte[] request) {
        if (!isBase64) {
            return dataLength;
        }
        int padding = 0;
        while (padding < dataLength && request[dataOffset + dataLength - 1 - padding] == '=') {
            padding++;
        }
        return (dataLength - padding) * 3 / 4;
    }

    /** Its payload. */
    ByteBuffer payload(byte[] request) {
        ByteBuffer data = ByteBuffer.wrap(request, dataOffset, dataLength).slice();
        return isBase64 ? Base64.getDecoder().decode(data) : data;
    }
}
