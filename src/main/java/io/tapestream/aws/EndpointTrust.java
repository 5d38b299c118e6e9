package io.tapestream.aws;

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
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.http.SdkHttpConfigurationOption;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.utils.AttributeMap;

/** Makes the SDK's HTTP client trust what the settings say: the usual authorities, those of a file, or anyone. */
public final class EndpointTrust {
    private static final Logger log = LoggerFactory.getLogger(EndpointTrust.class);

    private EndpointTrust() {}

    /**
     * A client that gives up a connection, or the wait for an answer, after {@code timeout}.
     *
     * @param caFile PEM file of the authorities to trust; null for the usual ones
     * @param verifyCertificate false to trust anyone
     * @throws UnusableCertificatesException the file of authorities cannot be used
     */
    public static SdkHttpClient httpClient(@Nullable Path caFile, boolean verifyCertificate, Duration timeout) {
        UrlConnectionHttpClient.Builder builder =
                UrlConnectionHttpClient.builder().connectionTimeout(timeout).socketTimeout(timeout);
        if (!verifyCertificate) {
            log.warn("certificate of the endpoint not checked (kinesis.verify-certificate = false)");
            return builder.buildWithDefaults(AttributeMap.builder()
                    .put(SdkHttpConfigurationOption.TRUST_ALL_CERTIFICATES, true)
                    .build());
        }
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
                throw new UnusableCertificatesException(
                        "no certificate in file: path=" + caFile + " (set kinesis.ca-file to a PEM file)");
            }
            TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            factory.init(authorities);
            return factory.getTrustManagers();
        } catch (IOException | GeneralSecurityException e) {
            throw new UnusableCertificatesException("certificates not read: path=" + caFile + " cause=\"" + e
                    + "\" (set kinesis.ca-file to a PEM file that can be read)");
        }
    }
}
