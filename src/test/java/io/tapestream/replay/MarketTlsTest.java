package io.tapestream.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.Base64;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class MarketTlsTest {
    private static final String PASSWORD = "changeit";

    @TempDir
    Path folder;

    private final MarketBuilder builder = new MarketBuilder(MarketBuilder.AAPL);

    @BeforeEach
    void makeACertificateWithTheJdksKeytool() throws Exception {
        Path store = folder.resolve("market.p12");
        Process keytool = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "keytool")
                                .toString(),
                        "-genkeypair",
                        "-alias",
                        "market",
                        "-keyalg",
                        "EC",
                        "-dname",
                        "CN=test market",
                        "-ext",
                        "san=ip:127.0.0.1",
                        "-validity",
                        "2",
                        "-storetype",
                        "PKCS12",
                        "-keystore",
                        store.toString(),
                        "-storepass",
                        PASSWORD)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        assertThat(keytool.waitFor()).isZero();
        KeyStore keys = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(store)) {
            keys.load(in, PASSWORD.toCharArray());
        }
        builder.certificate =
                writePem("CERTIFICATE", keys.getCertificate("market").getEncoded());
        builder.privateKey = writePem(
                "PRIVATE KEY", keys.getKey("market", PASSWORD.toCharArray()).getEncoded());
    }

    private Path writePem(String label, byte[] content) throws Exception {
        String base64 = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(content);
        return Files.writeString(
                folder.resolve(label + ".pem"),
                "-----BEGIN " + label + "-----\n" + base64 + "\n-----END " + label + "-----\n");
    }

    @Test
    void speaksWssWithItsCertificate() throws Exception {
        SslContext trusting = SslContextBuilder.forClient()
                .trustManager(folder.resolve("CERTIFICATE.pem").toFile())
                .build();
        try (MarketServer market = builder.build()) {
            URI uri = market.start();
            assertThat(uri.getScheme()).isEqualTo("wss");
            try (MarketClient client = MarketClient.connect(uri.resolve("/?token=k"), trusting)) {
                client.subscribe("AAPL");
                await().until(() -> client.frames().size() >= 8);
                assertThat(client.frames()).containsExactlyElementsOf(MarketBuilder.framesOf(MarketBuilder.AAPL));
            }
        }
    }

    @Test
    void goesOnAfterAClientThatRefusesItsCertificate() throws Exception {
        try (MarketServer market = builder.build()) {
            URI address = market.start().resolve("/?token=k");
            SslContext jdkOnly = SslContextBuilder.forClient().build();
            try (MarketClient client = MarketClient.connect(address, jdkOnly)) {
                assertThat(client.status()).isZero();
            }
            SslContext trusting = SslContextBuilder.forClient()
                    .trustManager(folder.resolve("CERTIFICATE.pem").toFile())
                    .build();
            try (MarketClient client = MarketClient.connect(address, trusting)) {
                assertThat(client.status()).isEqualTo(101);
            }
            // The client may know before the market has counted it.
            await().untilAsserted(() ->
                    assertThat(market.counts().connectionsOpened()).isEqualTo(1));
        }
    }

    @Test
    void namesTheFilesOfACertificateThatCannotBeUsed() throws Exception {
        builder.privateKey = Files.writeString(folder.resolve("no-key.pem"), "no key");
        try (MarketServer market = builder.build()) {
            assertThatThrownBy(market::start)
                    .isInstanceOf(UncheckedIOException.class)
                    .hasMessageContaining("cannot use certificate: file=" + builder.certificate + " key="
                            + builder.privateKey + " (must be PEM, the key PKCS#8 and not encrypted)");
        }
    }
}
