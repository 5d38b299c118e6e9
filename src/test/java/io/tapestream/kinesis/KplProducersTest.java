package io.tapestream.kinesis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import software.amazon.kinesis.producer.KinesisProducerConfiguration;

class KplProducersTest {
    @Test
    void theKplIsConfiguredFromTheSettings() {
        KinesisProducerConfiguration kpl = KplProducers.configuration(
                PutterRig.settings("stream", "eu-central-1", null, Path.of("/etc/ca.pem"), true));

        assertThat(kpl.getRegion()).isEqualTo("eu-central-1");
        assertThat(kpl.getKinesisEndpoint()).isEmpty();
        assertThat(kpl.getCaCertFile()).isEqualTo("/etc/ca.pem");
        assertThat(kpl.isVerifyCertificate()).isTrue();
        assertThat(kpl.getTempDirectory()).isEqualTo("/tmp/kpl");
        assertThat(kpl.getRecordMaxBufferedTime()).isEqualTo(100);
        assertThat(kpl.getMetricsLevel()).isEqualTo("none");
        assertThat(kpl.isAggregationEnabled()).isTrue();
        assertThat(kpl.isFailIfThrottled()).isFalse();
    }

    @ParameterizedTest
    @CsvSource({"1", "8", "10", "16", "60", "3600"})
    void theKplHasGivenARecordUpBeforeItCountsAsStalled(int seconds) {
        KinesisSettings settings = PutterRig.settings(Duration.ofSeconds(seconds));
        KinesisProducerConfiguration kpl = KplProducers.configuration(settings);

        assertThat(kpl.getRecordTtl() + kpl.getConnectTimeout() + kpl.getRequestTimeout())
                .isLessThan(seconds * 1000L);
        assertThat(kpl.getRecordTtl()).isGreaterThanOrEqualTo(kpl.getRequestTimeout());
    }

    @Test
    void aRequestMayTakeSixSecondsByDefault() {
        KinesisProducerConfiguration kpl = KplProducers.configuration(PutterRig.settings());

        assertThat(kpl.getRequestTimeout()).isEqualTo(6000);
        assertThat(kpl.getConnectTimeout()).isEqualTo(6000);
        assertThat(kpl.getRecordTtl()).isEqualTo(45_000);
    }

    @Test
    void aTemporaryDirectoryThatCannotBeWrittenIsTheReasonWhyNoneIsBuilt(@TempDir Path folder) throws IOException {
        Path file = Files.createFile(folder.resolve("file"));
        KinesisSettings settings = PutterRig.settings(Duration.ofSeconds(60), file);

        assertThatThrownBy(() -> new KplProducers(settings).get())
                .isInstanceOf(UncheckedIOException.class)
                .hasMessage("temporary directory cannot be written: path=" + file + " (see kinesis.temp-directory)");
    }

    @ParameterizedTest
    @CsvSource({
        "https://localhost:4567, localhost, 4567",
        "https://vpce-1.kinesis.us-east-1.vpce.amazonaws.com/, vpce-1.kinesis.us-east-1.vpce.amazonaws.com, 443"
    })
    void anEndpointIsGivenToTheKplAsHostAndPort(String endpoint, String host, int port) {
        KinesisProducerConfiguration kpl = KplProducers.configuration(
                PutterRig.settings("stream", "us-east-1", URI.create(endpoint), null, false));

        assertThat(kpl.getKinesisEndpoint()).isEqualTo(host);
        assertThat(kpl.getKinesisPort()).isEqualTo(port);
        assertThat(kpl.getCloudwatchEndpoint()).isEqualTo(host);
        assertThat(kpl.getCloudwatchPort()).isEqualTo(port);
        assertThat(kpl.isVerifyCertificate()).isFalse();
    }
}
