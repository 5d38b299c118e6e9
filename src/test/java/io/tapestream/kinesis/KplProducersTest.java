package io.tapestream.kinesis;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
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

    @Test
    void theKplGivesARecordUpBeforeItCountsAsStalled() {
        KinesisSettings settings = PutterRig.settings();

        assertThat(KplProducers.configuration(settings).getRecordTtl())
                .isLessThan(settings.stallTimeout().toMillis());
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
