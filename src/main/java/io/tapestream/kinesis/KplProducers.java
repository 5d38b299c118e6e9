package io.tapestream.kinesis;

import java.nio.file.Path;
import java.time.Duration;
import java.util.function.Supplier;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.kinesis.producer.KinesisProducer;
import software.amazon.kinesis.producer.KinesisProducerConfiguration;
import software.amazon.kinesis.producer.KinesisProducerConfiguration.RecordDistributionStrategyDefault;
import software.amazon.kinesis.producer.KinesisProducerConfiguration.ThreadingModel;

/**
 * Builds the KPL's producer from the settings, with credentials of AWS's default chain. A build unpacks the KPL's
 * daemon and starts it, which takes about a second.
 */
public final class KplProducers implements Supplier<Producer> {
    private static final int HTTPS_PORT = 443;

    private final KinesisSettings settings;
    private final AwsCredentialsProvider credentials;

    /** Takes the settings; builds nothing yet. */
    public KplProducers(KinesisSettings settings) {
        this(settings, DefaultCredentialsProvider.builder().build());
    }

    KplProducers(KinesisSettings settings, AwsCredentialsProvider credentials) {
        this.settings = settings;
        this.credentials = credentials;
    }

    @Override
    public Producer get() {
        KinesisProducerConfiguration configuration = configuration(settings).setCredentialsProvider(credentials);
        return new KplProducer(new KinesisProducer(configuration), Path.of(configuration.getTempDirectory()));
    }

    /**
     * The KPL's configuration, without credentials.
     *
     * @throws IllegalArgumentException the KPL does not take one of the settings
     */
    static KinesisProducerConfiguration configuration(KinesisSettings settings) {
        KinesisProducerConfiguration configuration = new KinesisProducerConfiguration()
                .setRegion(settings.region())
                .setVerifyCertificate(settings.verifyCertificate())
                .setTempDirectory(settings.tempDirectory().toAbsolutePath().toString())
                .setAggregationEnabled(true)
                .setRecordMaxBufferedTime(settings.bufferedTime().toMillis())
                .setRecordTtl(recordTtl(settings.stallTimeout()).toMillis())
                .setFailIfThrottled(false)
                .setThreadingModel(ThreadingModel.POOLED)
                // As many as there are connections: more would only wait for one.
                .setThreadPoolSize(Math.toIntExact(new KinesisProducerConfiguration().getMaxConnections()))
                // The metrics are our own; the KPL's would cost CloudWatch money and need a permission.
                .setMetricsLevel("none")
                // It serves a getter that nobody calls, and costs much at high rates.
                .setEnableOldestFutureTracker(false)
                .setEnableDaemonHealthCheck(true)
                .setEnableCoreDumps(false)
                // Below, it writes a dozen lines for each request that fails, many times a second in an outage; the
                // failed
                // records bring the reasons too.
                .setLogLevel("error");
        if (settings.caFile() != null) {
            configuration.setCaCertFile(settings.caFile().toAbsolutePath().toString());
        }
        if (settings.endpoint() != null) {
            String host = settings.endpoint().getHost();
            int port = settings.endpoint().getPort() < 0
                    ? HTTPS_PORT
                    : settings.endpoint().getPort();
            // Emulators do not say how a stream distributes records; the KPL then warns, and asks again later by
            // itself.
            configuration.setRecordDistributionStrategyDefault(RecordDistributionStrategyDefault.USER_PARTITION_KEY);
            // The KPL reports a silent daemon to CloudWatch even at metrics level none; from a private endpoint it must
            // not turn to AWS's own.
            configuration
                    .setKinesisEndpoint(host)
                    .setKinesisPort(port)
                    .setCloudwatchEndpoint(host)
                    .setCloudwatchPort(port);
        }
        return configuration;
    }

    /**
     * How long the KPL tries by itself. Shorter than the stall timeout by more than its daemon's start takes: so an
     * endpoint that takes nothing shows as failures with their reasons, and only a daemon that says nothing as a stall.
     */
    private static Duration recordTtl(Duration stallTimeout) {
        return stallTimeout.multipliedBy(3).dividedBy(4);
    }
}
