package io.tapestream.kinesis;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
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
 * daemon and starts it, which takes about a second. It fails where the temporary directory cannot be written.
 */
public final class KplProducers implements Supplier<Producer> {
    private static final int HTTPS_PORT = 443;

    /** The KPL's own; each that is given up, and taken all the same, is put twice. */
    private static final Duration LONGEST_REQUEST = Duration.ofSeconds(6);

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
        checkTempDirectory();
        new DaemonProcesses(settings.tempDirectory()).endOrphaned();
        KinesisProducerConfiguration configuration = configuration(settings).setCredentialsProvider(credentials);
        return new KplProducer(new KinesisProducer(configuration), Path.of(configuration.getTempDirectory()));
    }

    /**
     * Where no file can be made the KPL cannot make its pipes; it would leave a thread that waits for them for ever.
     */
    private void checkTempDirectory() {
        Path directory = settings.tempDirectory();
        try {
            Files.createDirectories(directory);
            Files.delete(Files.createTempFile(directory, "check-", ""));
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "temporary directory cannot be written: path=" + directory + " (see kinesis.temp-directory)", e);
        }
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
                .setConnectTimeout(requestTimeout(settings.stallTimeout()).toMillis())
                .setRequestTimeout(requestTimeout(settings.stallTimeout()).toMillis())
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
     * How long the KPL tries by itself. A record that is over its time while it is being put has its result when the
     * connection or the request is timed out; with that, and the daemon's start, it is shorter than the stall timeout:
     * so an endpoint that takes nothing shows as failures with their reasons, and only a daemon that says nothing as a
     * stall.
     */
    private static Duration recordTtl(Duration stallTimeout) {
        return stallTimeout.minus(requestTimeout(stallTimeout).multipliedBy(2)).minus(stallTimeout.dividedBy(20));
    }

    private static Duration requestTimeout(Duration stallTimeout) {
        Duration quarter = stallTimeout.dividedBy(4);
        return quarter.compareTo(LONGEST_REQUEST) < 0 ? quarter : LONGEST_REQUEST;
    }
}
