package io.tapestream;

import com.typesafe.config.Config;
import io.tapestream.feed.ApiKey;
import io.tapestream.feed.FeedSettings;
import io.tapestream.journal.JournalSettings;
import io.tapestream.kinesis.KinesisSettings;
import io.tapestream.lease.LeaseSettings;
import io.tapestream.record.RecordSettings;
import io.tapestream.status.StatusSettings;
import io.tapestream.table.TableSettings;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Every setting of one environment, checked: the settings of each stage and what the root package needs itself. What
 * each means is in {@code reference.conf}.
 *
 * @param environment name of the environment, e.g. {@code local}
 * @param apiKey the venue's key; null where a command needs none
 * @param keepRedelivered whether frames that were delivered before are published again
 * @param hours when the feed is wanted
 * @param lease the lease on the key that keeps other hosts off it; null for none
 * @param stopTimeout how long a stop waits for acknowledgements
 * @param stuckTimeout how long the publisher thread may take for one turn
 * @param log format and level of the log
 */
record Settings(
        String environment,
        @Nullable ApiKey apiKey,
        boolean keepRedelivered,
        FeedHours hours,
        FeedSettings feed,
        JournalSettings journal,
        RecordSettings record,
        KinesisSettings kinesis,
        TableSettings table,
        @Nullable LeaseSettings lease,
        StatusSettings status,
        Duration stopTimeout,
        Duration stuckTimeout,
        Logs.LogSettings log) {

    private static final int KIB = 1024;
    private static final int MIB = 1024 * KIB;
    private static final long GIB = 1024L * MIB;
    private static final Pattern STREAM_NAME = Pattern.compile("[a-zA-Z0-9_.-]{1,128}");
    private static final Pattern TABLE_NAME = Pattern.compile("[a-zA-Z0-9_.-]{3,255}");
    private static final Pattern REGION = Pattern.compile("[a-z]+-([a-z]+-)?[a-z]+-[0-9]");
    private static final Set<String> LOOPBACK = Set.of("localhost", "127.0.0.1", "[::1]");

    /**
     * Reads all settings at once.
     *
     * @param environment name of the environment
     * @param config all layers, resolved
     * @param apiKey the key, or null if the command at hand needs none
     * @throws SettingsException names every problem
     */
    static Settings from(String environment, Config config, @Nullable ApiKey apiKey, SettingsReader reader) {
        String feedName = reader.text(
                "feed.name", Pattern.compile("[a-z0-9-]{1,32}"), "1 to 32 lower-case letters, digits and '-'");
        String stream = reader.text("kinesis.stream", STREAM_NAME, "1 to 128 letters, digits, '_', '.', '-'");
        JournalSettings journal = journal(environment, feedName, stream, reader);
        int maxMessageLength = (int) reader.bytes("feed.max-message-length", 4L * KIB, journal.maxEntryLength());
        KinesisSettings kinesis = kinesis(environment, stream, reader);
        TableSettings table = table(kinesis, reader);
        Settings settings = new Settings(
                environment,
                apiKey,
                reader.oneOf("feed.redelivered-frames", List.of("drop", "keep")).equals("keep"),
                hours(reader),
                feed(reader, maxMessageLength),
                journal,
                record(feedName, config, reader),
                kinesis,
                table,
                lease(table, reader),
                new StatusSettings(reader.nonEmpty("status.host"), (int) reader.number("status.port", -1, 65535)),
                reader.duration("run.stop-timeout", Duration.ZERO, Duration.ofMinutes(10)),
                reader.duration("run.stuck-timeout", Duration.ofSeconds(1), Duration.ofHours(1)),
                new Logs.LogSettings(
                        reader.oneOf("log.format", List.of("text", "json")),
                        reader.oneOf("log.level", List.of("TRACE", "DEBUG", "INFO", "WARN", "ERROR"))));
        reader.throwIfAnyProblem();
        return settings;
    }

    /** The key, for the commands that have asked for it. */
    ApiKey requiredApiKey() {
        return Objects.requireNonNull(apiKey, "apiKey");
    }

    private static FeedHours hours(SettingsReader reader) {
        try {
            return FeedHours.parse(reader.texts("feed.hours"));
        } catch (IllegalArgumentException e) {
            reader.problem("feed.hours", String.valueOf(e.getMessage()));
            return new FeedHours(List.of());
        }
    }

    private static JournalSettings journal(String environment, String feed, String stream, SettingsReader reader) {
        int segmentLength = (int) reader.bytes("journal.segment-length", 64L * KIB, GIB);
        if (segmentLength % 4096 != 0) {
            reader.problem("journal.segment-length", "not a multiple of 4 KiB: length=" + segmentLength);
            segmentLength = 16 * MIB;
        }
        return new JournalSettings(
                reader.path("journal.directory", Path.of("data", environment, "journal")),
                environment,
                feed,
                stream,
                segmentLength,
                segmentLength / 4,
                reader.bytes("journal.max-bytes", 4L * segmentLength, Long.MAX_VALUE),
                reader.bytes("journal.retain-bytes", 0, Long.MAX_VALUE),
                reader.duration("journal.retain-for", Duration.ZERO, Duration.ofDays(3650)),
                reader.duration("journal.sync-interval", Duration.ofMillis(10), Duration.ofMinutes(1)));
    }

    private static FeedSettings feed(SettingsReader reader, int maxMessageLength) {
        URI uri = reader.uri("feed.uri", Set.of("wss", "ws"));
        if ("ws".equals(uri.getScheme()) && !LOOPBACK.contains(uri.getHost())) {
            reader.problem(
                    "feed.uri",
                    "ws would send the key in the clear: host=" + uri.getHost()
                            + " (use wss; ws is for loopback only)");
        }
        if (uri.getRawQuery() != null || uri.getRawUserInfo() != null) {
            reader.problem(
                    "feed.uri", "must hold neither query nor user, the key is added by itself (set finnhub.api.key)");
        }
        return new FeedSettings(
                uri,
                reader.certificates("feed.ca-file"),
                reader.texts("feed.symbols"),
                (int) reader.number("feed.symbol-limit", 1, 1_000_000),
                maxMessageLength,
                reader.duration("feed.connect-timeout", Duration.ofMillis(100), Duration.ofMinutes(5)),
                reader.duration("feed.silence-timeout", Duration.ofMillis(100), Duration.ofHours(1)),
                reader.duration("feed.backoff-min", Duration.ofMillis(1), Duration.ofMinutes(10)),
                reader.duration("feed.backoff-max", Duration.ofMillis(1), Duration.ofHours(1)),
                reader.duration("feed.stable-after", Duration.ofMillis(1), Duration.ofHours(1)),
                reader.duration("feed.retry-after-max", Duration.ZERO, Duration.ofHours(1)),
                (int) reader.number("feed.policy-retries", 0, 1000),
                reader.path("feed.key-lock-directory", Path.of("/tmp/tapestream-keys")));
    }

    private static RecordSettings record(String feedName, Config config, SettingsReader reader) {
        Map<String, String> venues = new HashMap<>();
        for (String assetClass : config.getObject("record.venues").keySet()) {
            if (!Set.of("stock", "forex", "crypto").contains(assetClass)) {
                reader.problem("record.venues." + assetClass, "unknown asset class (allowed: stock, forex, crypto)");
            }
            for (String venue : reader.texts("record.venues." + assetClass)) {
                String other = venues.put(venue, assetClass);
                if (other != null && !other.equals(assetClass)) {
                    reader.problem(
                            "record.venues." + assetClass, "venue listed twice: venue=" + venue + " other=" + other);
                }
            }
        }
        return new RecordSettings(feedName, Map.copyOf(venues), (int) reader.number("kinesis.buckets", 1, 1024), (int)
                reader.bytes("kinesis.record.max-bytes", 8L * KIB, 32L * KIB));
    }

    private static KinesisSettings kinesis(String environment, String stream, SettingsReader reader) {
        URI endpoint = reader.isEmpty("kinesis.endpoint") ? null : reader.uri("kinesis.endpoint", Set.of("https"));
        checkPath("kinesis.endpoint", endpoint, reader);
        Path temp = reader.path("kinesis.temp-directory", Path.of("data", environment, "kpl"));
        return new KinesisSettings(
                stream,
                reader.text("kinesis.region", REGION, "a region such as us-east-1"),
                endpoint,
                reader.certificates("kinesis.ca-file"),
                reader.flag("kinesis.verify-certificate"),
                reader.bytes("kinesis.max-outstanding-bytes", MIB, 4 * GIB),
                (int) reader.number("kinesis.max-outstanding-records", 1, 1_000_000),
                reader.bytes("kinesis.max-ahead-bytes", MIB, Long.MAX_VALUE),
                reader.duration("kinesis.buffered-time", Duration.ofMillis(1), Duration.ofSeconds(10)),
                reader.duration("kinesis.retry-backoff-min", Duration.ofMillis(1), Duration.ofMinutes(1)),
                reader.duration("kinesis.retry-backoff-max", Duration.ofMillis(1), Duration.ofMinutes(5)),
                reader.duration("kinesis.stall-timeout", Duration.ofSeconds(1), Duration.ofHours(1)),
                temp.toAbsolutePath());
    }

    private static TableSettings table(KinesisSettings kinesis, SettingsReader reader) {
        URI endpoint = reader.isEmpty("table.endpoint") ? null : reader.uri("table.endpoint", Set.of("https", "http"));
        checkPath("table.endpoint", endpoint, reader);
        if (endpoint != null && "http".equals(endpoint.getScheme()) && !LOOPBACK.contains(endpoint.getHost())) {
            reader.problem(
                    "table.endpoint",
                    "http would show the items to others: host=" + endpoint.getHost()
                            + " (use https; http is for loopback only)");
        }
        return new TableSettings(
                reader.text("table.name", TABLE_NAME, "3 to 255 letters, digits, '_', '.', '-'"),
                kinesis.region(),
                endpoint,
                kinesis.caFile(),
                kinesis.verifyCertificate(),
                (int) reader.number("table.scan-max-ids", 1, 1 << 28));
    }

    /** Reads all of them, also where there is to be none: what is wrong is told before it is wanted. */
    private static @Nullable LeaseSettings lease(TableSettings table, SettingsReader reader) {
        int earlierProblems = reader.problems();
        LeaseSettings lease = new LeaseSettings(
                reader.text("lease.table", TABLE_NAME, "3 to 255 letters, digits, '_', '.', '-'"),
                table.region(),
                table.endpoint(),
                table.caFile(),
                table.verifyCertificate(),
                reader.duration("lease.duration", Duration.ofSeconds(3), Duration.ofMinutes(10)),
                reader.duration("lease.try-interval", Duration.ofMillis(200), Duration.ofMinutes(1)),
                reader.duration("lease.margin", Duration.ofSeconds(1), Duration.ofMinutes(1)));
        Duration held = lease.duration().minus(lease.margin());
        boolean isEachGood = reader.problems() == earlierProblems;
        if (isEachGood && held.compareTo(lease.tryInterval().multipliedBy(3)) < 0) {
            reader.problem(
                    "lease.try-interval",
                    "too long: value=" + lease.tryInterval() + " duration=" + lease.duration() + " margin="
                            + lease.margin()
                            + " (expected: at most a third of duration less margin, so that a renewal that fails is no loss)");
        }
        return reader.oneOf("feed.lease", List.of("file", "dynamodb")).equals("dynamodb") ? lease : null;
    }

    private static void checkPath(String path, @Nullable URI endpoint, SettingsReader reader) {
        if (endpoint != null
                && endpoint.getRawPath() != null
                && !endpoint.getRawPath().matches("/?")) {
            reader.problem(path, "has a path: path=" + endpoint.getRawPath() + " (expected: https://host:port)");
        }
    }
}
