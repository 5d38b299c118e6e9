package io.tapestream.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.management.OperatingSystemMXBean;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.tapestream.kinesis.KinesisSettings;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * A baseline as a process: publishes the first trades of a load once for each concurrency, and prints what each took as
 * a line of JSON. A round that is not counted comes first, so that all of them run compiled code.
 */
@Command(name = "baseline", mixinStandardHelpOptions = true)
final class BaselineProcess implements Callable<Integer> {
    private static final String FEED = "finnhub";
    private static final OperatingSystemMXBean SYSTEM =
            (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

    @Option(names = "--kind", required = true, description = "put-record, put-records or kpl-per-trade")
    private String kind = "";

    @Option(names = "--stream", required = true)
    private String stream = "";

    @Option(names = "--endpoint", required = true)
    private URI endpoint = URI.create("");

    @Option(names = "--ca-file", required = true)
    private Path caFile = Path.of("");

    @Option(names = "--journal", required = true)
    private Path journal = Path.of("");

    @Option(names = "--temp", required = true, description = "folder for the KPL's daemon")
    private Path temp = Path.of("");

    @Option(names = "--trades", required = true)
    private int trades;

    @Option(names = "--concurrency", required = true, split = ",")
    private List<Integer> concurrencies = List.of();

    @Option(names = "--cold", description = "without the round that is not counted")
    private boolean isCold;

    private BaselineProcess() {}

    /** Publishes and ends. */
    public static void main(String[] arguments) {
        System.exit(new CommandLine(new BaselineProcess()).execute(arguments));
    }

    @Override
    public Integer call() throws InterruptedException, IOException {
        Frames frames = Frames.read(journal, trades);
        System.setProperty("http.maxConnections", "256"); // the JDK would keep five connections only
        if (!isCold) {
            round(frames, concurrencies.get(concurrencies.size() - 1));
        }
        for (int concurrency : concurrencies) {
            System.out.println(new ObjectMapper().writeValueAsString(round(frames, concurrency)));
        }
        return 0;
    }

    /** Each round has a client of its own: none finds connections that the one before it has opened. */
    private Map<String, Object> round(Frames frames, int concurrency) throws InterruptedException {
        try (Baseline baseline = baseline(new DatabindLines(FEED, venues()))) {
            long beganCpuNanos = SYSTEM.getProcessCpuTime();
            long beganDaemonNanos = childrenNanos();
            long nanos = baseline.publish(frames.texts(), concurrency);
            Map<String, Object> round = new LinkedHashMap<>();
            round.put("kind", kind);
            round.put("concurrency", concurrency);
            round.put("trades", frames.trades());
            round.put("seconds", nanos / 1e9);
            round.put("cpu_seconds_jvm", (SYSTEM.getProcessCpuTime() - beganCpuNanos) / 1e9);
            round.put("cpu_seconds_daemon", (childrenNanos() - beganDaemonNanos) / 1e9);
            return round;
        }
    }

    private static long childrenNanos() {
        return ProcessHandle.current()
                .children()
                .mapToLong(child ->
                        child.info().totalCpuDuration().orElse(Duration.ZERO).toNanos())
                .sum();
    }

    private Baseline baseline(DatabindLines lines) {
        return switch (kind) {
            case "put-record" -> new SdkBaseline(stream, lines, /* isBatched= */ false, endpoint, caFile);
            case "put-records" -> new SdkBaseline(stream, lines, /* isBatched= */ true, endpoint, caFile);
            case "kpl-per-trade" -> new KplBaseline(kinesisSettings(), lines);
            default -> throw new IllegalArgumentException("no such baseline: kind=" + kind);
        };
    }

    /** The ingester's, as reference.conf has them; what the baseline has no use for is not looked at. */
    private KinesisSettings kinesisSettings() {
        Config kinesis =
                ConfigFactory.parseResources("reference.conf").resolve().getConfig("kinesis");
        return new KinesisSettings(
                stream,
                kinesis.getString("region"),
                endpoint,
                caFile,
                true,
                kinesis.getBytes("max-outstanding-bytes"),
                kinesis.getInt("max-outstanding-records"),
                kinesis.getBytes("max-ahead-bytes"),
                kinesis.getDuration("buffered-time"),
                kinesis.getDuration("retry-backoff-min"),
                kinesis.getDuration("retry-backoff-max"),
                kinesis.getDuration("stall-timeout"),
                temp.toAbsolutePath());
    }

    private static Map<String, String> venues() {
        Config venues = ConfigFactory.parseResources("reference.conf").resolve().getConfig("record.venues");
        Map<String, String> assetClasses = new HashMap<>();
        for (String assetClass : venues.root().keySet()) {
            venues.getStringList(assetClass).forEach(venue -> assetClasses.put(venue, assetClass));
        }
        return assetClasses;
    }
}
