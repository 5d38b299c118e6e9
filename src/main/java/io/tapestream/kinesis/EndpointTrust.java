package io.tapestream.kinesis;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.http.SdkHttpConfigurationOption;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.utils.AttributeMap;

/** Makes the SDK's HTTP client trust what the settings say: the usual authorities, those of a file, or anyone. */
final class EndpointTrust {
    private static final Logger log = LoggerFactory.getLogger(EndpointTrust.class);

    private EndpointTrust() {}

    /**
     * A client that gives up a connection, or the wait for an answer, after {@code timeout}.
     *
     * @throws StreamRefusedException the file of authorities cannot be used
     */
    static SdkHttpClient httpClient(KinesisSettings settings, Duration timeout) {
        UrlConnectionHttpClient.Builder builder =
                UrlConnectionHttpClient.builder().connectionTimeout(timeout).socketTimeout(timeout);
        if (!settings.verifyCertificate()) {
            log.warn(
                    "certificate of the Kinesis endpoint not checked endpoint={} (kinesis.verify-certificate = false)",
                    settings.endpoint());
            return builder.buildWithDefaults(AttributeMap.builder()
                    .put(SdkHttpConfigurationOption.TRUST_ALL_CERTIFICATES, true)
                    .build());
        }
        Path caFile = settings.caFile();
        if (caFile != null) {
            TrustManager[] trustManagers = trustManagers(caFile);
            builder.tlsTrustManagersProvider(() -> trustManagers);
        }
        return builder.build();
    }

    private static TrustManager[] trustManagers(Path caFile) {
        try (InputStream pem = Files.newInputStream(caFile)) {
            KeyStore authorities = KeyStore.getInstance(KeyStore.getDefaultType());
            authorities.load(null, null);
            int count = 0;
            for (Certificate certificate :
                    CertificateFactory.getInstance("X.509").generateCertificates(pem)) {
                authorities.setCertificateEntry("authority-" + count++, certificate);
            }
            if (count == 0) {
                throw new StreamRefusedException(
                        "no certificate in file: path=" + caFile + " (set kinesis.ca-file to a PEM file)");
            }
            TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            factory.init(authorities);
            return factory.getTrustManagers();
        } catch (IOException | GeneralSecurityException e) {
            throw new StreamRefusedException("certificates not read: path=" + caFile + " cause=\"" + e
                    + "\" (set kinesis.ca-file to a PEM file that can be read)");
        }
    }
}
