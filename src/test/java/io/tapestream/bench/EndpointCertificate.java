package io.tapestream.bench;

import io.tapestream.kinesis.TestCertificate;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.Base64;

/** A certificate and its key as the PEM files that the endpoint takes. */
final class EndpointCertificate {
    private EndpointCertificate() {}

    /** Makes both in a folder. */
    static void create(Path folder) throws IOException {
        TestCertificate.create(folder, "ip:127.0.0.1");
        try (InputStream stored = Files.newInputStream(folder.resolve("endpoint.p12"))) {
            char[] password = "changeit".toCharArray();
            KeyStore keys = KeyStore.getInstance("PKCS12");
            keys.load(stored, password);
            byte[] encoded = keys.getKey("endpoint", password).getEncoded();
            Files.writeString(
                    key(folder),
                    "-----BEGIN PRIVATE KEY-----\n"
                            + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(encoded)
                            + "\n-----END PRIVATE KEY-----\n");
        } catch (GeneralSecurityException e) {
            throw new IOException("key not read", e);
        }
    }

    static Path certificate(Path folder) {
        return folder.resolve("endpoint.pem");
    }

    static Path key(Path folder) {
        return folder.resolve("endpoint.key");
    }
}
