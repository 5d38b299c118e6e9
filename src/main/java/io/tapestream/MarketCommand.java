package io.tapestream;

import com.codahale.metrics.MetricRegistry;
import io.tapestream.replay.CaptureException;
import io.tapestream.replay.MarketServer;
import io.tapestream.replay.MarketSettings;
import io.tapestream.replay.Speed;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code tapestream market}: serves captures as a Finnhub-like market until it is stopped, or until they end. */
@Command(
        name = "market",
        description = "Serves captures as a Finnhub-like market over WebSocket.",
        mixinStandardHelpOptions = true)
final class MarketCommand implements Callable<Integer> {
    @Option(
            names = "--capture",
            paramLabel = "FILE",
            required = true,
            arity = "1..*",
            description =
                    "capture to play: NDJSON, plain or gzip, a journal or a segment of one, or a folder of captures; any number, in this order")
    private List<Path> captures = new ArrayList<>();

    @Option(
            names = "--host",
            defaultValue = "127.0.0.1",
            description = "address to listen on (default: ${DEFAULT-VALUE})")
    private String host = "";

    @Option(
            names = "--port",
            defaultValue = "8765",
            description = "port to listen on; 0 for any free one (default: ${DEFAULT-VALUE})")
    private int port;

    @Option(
            names = "--tls-cert",
            paramLabel = "FILE",
            description = "PEM file of the certificate and its chain: the market speaks wss")
    private @Nullable Path certificate;

    @Option(
            names = "--tls-key",
            paramLabel = "FILE",
            description = "PEM file of the certificate's key, PKCS#8, not encrypted")
    private @Nullable Path privateKey;

    @Option(names = "--key", description = "API key that is let in, any number (default: any that is not empty)")
    private Set<String> keys = new LinkedHashSet<>();

    @ArgGroup
    private Pace pace = new Pace();

    /** How fast: at most one of the two. */
    private static final class Pace {
        @Option(
                names = "--speed",
                paramLabel = "N|max",
                description = "N times the captured speed, or as fast as the clients read (default: 1)")
        private @Nullable String speed;

        @Option(names = "--rate", paramLabel = "N", description = "N trades a second")
        private @Nullable Double rate;

        Speed value() {
            if (rate != null) {
                return Speed.rate(rate);
            }
            if (speed == null) {
                return Speed.original();
            }
            return speed.equals("max") ? Speed.max() : Speed.factor(Double.parseDouble(speed));
        }
    }

    @Option(
            names = "--max-late",
            paramLabel = "DURATION",
            defaultValue = "50ms",
            description =
                    "how much of the time in which a client did not read is made up at once (default: ${DEFAULT-VALUE})")
    private Duration maxLate = Duration.ZERO;

    @Option(
            names = "--loop",
            description =
                    "play on from the beginning at the end, with later times, so that each round's trades are new")
    private boolean loop;

    @Option(names = "--now", description = "move all times so that the first frame is of now")
    private boolean now;

    @Option(
            names = "--symbol-limit",
            paramLabel = "N",
            defaultValue = "50",
            description = "symbols a connection may subscribe (default: ${DEFAULT-VALUE})")
    private int symbolLimit;

    @Option(
            names = "--ping-interval",
            paramLabel = "DURATION",
            defaultValue = "60s",
            description = "how often each connection gets the text ping (default: ${DEFAULT-VALUE})")
    private Duration pingInterval = Duration.ZERO;

    @Option(
            names = "--start-delay",
            paramLabel = "DURATION",
            defaultValue = "200ms",
            description = "wait between the first subscription and the first frame (default: ${DEFAULT-VALUE})")
    private Duration startDelay = Duration.ZERO;

    @Option(
            names = "--max-connections",
            paramLabel = "N",
            defaultValue = "16",
            description = "connections at once; one more is answered 503 (default: ${DEFAULT-VALUE})")
    private int maxConnections;

    @Option(
            names = "--max-message-length",
            paramLabel = "BYTES",
            defaultValue = "65536",
            description = "longest message of a client (default: ${DEFAULT-VALUE})")
    private int maxMessageLength;

    @Option(
            names = "--log",
            paramLabel = "FILE",
            description = "NDJSON file of every frame sent on each connection, written anew")
    private @Nullable Path log;

    @Option(
            names = "--ready-file",
            paramLabel = "FILE",
            description = "file that gets the market's address once it listens")
    private @Nullable Path readyFile;

    @Override
    public Integer call() {
        MarketServer market = listen();
        try {
            market.ended().join();
            return Main.OK;
        } catch (CompletionException e) {
            if (e.getCause() instanceof CaptureException || e.getCause() instanceof UncheckedIOException) {
                throw new CannotStartException((RuntimeException) e.getCause());
            }
            throw e;
        }
    }

    private MarketServer listen() {
        try {
            MarketServer market =
                    new MarketServer(settings(), InstantSource.system(), new Threads("market"), new MetricRegistry());
            // however the process ends, by a signal or at the captures' end, clients get a close frame and the log is
            // whole
            Runtime.getRuntime().addShutdownHook(new Thread(market::close, "stop"));
            URI uri = market.start();
            System.err.println("market open: " + uri);
            if (readyFile != null) {
                write(readyFile, uri + "\n");
            }
            return market;
        } catch (IllegalArgumentException e) {
            throw new SettingsException(List.of(e.getMessage()));
        } catch (UncheckedIOException e) {
            throw new CannotStartException(e);
        }
    }

    private MarketSettings settings() {
        return new MarketSettings(
                captures,
                host,
                port,
                certificate,
                privateKey,
                keys,
                pace.value().makingUp(maxLate),
                loop,
                now,
                symbolLimit,
                pingInterval,
                startDelay,
                maxConnections,
                maxMessageLength,
                log);
    }

    /** Whoever waits for the file must not find half of it. */
    private static void write(Path file, String text) {
        try {
            Path part = Files.writeString(file.resolveSibling(file.getFileName() + ".part"), text);
            Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "cannot write ready file: file=" + file + " (its folder must exist and be writable)", e);
        }
    }
}
