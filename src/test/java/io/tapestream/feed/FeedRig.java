package io.tapestream.feed;

import static org.assertj.core.api.Assertions.assertThat;

import com.codahale.metrics.MetricRegistry;
import io.tapestream.frame.FrameHandler;
import io.tapestream.frame.SessionHandler;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A feed under test: its settings, as short as a test needs them, and what it told its handlers, in order. */
final class FeedRig implements FrameHandler, SessionHandler, AutoCloseable {
    static final String KEY_TEXT = "SECRETTOKEN123";
    static final ApiKey KEY = ApiKey.of(KEY_TEXT);
    private static final long PATIENCE_SECONDS = 10;

    private final URI uri;
    private final Path locks;
    private final boolean isOwnFolder;
    final MetricRegistry metrics = new MetricRegistry();
    final BlockingQueue<String> events = new LinkedBlockingQueue<>();
    final List<FeedClient> clients = new ArrayList<>();

    ApiKey key = KEY;
    KeyLease lease = KeyLease.ofOneHost();
    List<String> symbols = List.of("AAPL");

    @Nullable Path caFile;

    int maxMessageLength = 1 << 20;
    Duration connectTimeout = Duration.ofSeconds(5);
    Duration silenceTimeout = Duration.ofSeconds(60);
    Duration backoffMin = Duration.ofMillis(10);
    Duration backoffMax = Duration.ofMillis(50);
    Duration stableAfter = Duration.ofSeconds(60);
    Duration retryAfterMax = Duration.ofMinutes(5);
    int policyRetries = 3;
    NameLookup names = host -> List.of(InetAddress.getAllByName(host));
    ThreadFactory threads = task -> new Thread(task, "feed");
    FrameHandler frames = (payload, at) -> true;

    FeedRig(URI uri) {
        this(uri, newFolder(), true);
    }

    FeedRig(URI uri, Path locks) {
        this(uri, locks, false);
    }

    private FeedRig(URI uri, Path locks, boolean isOwnFolder) {
        this.uri = uri;
        this.locks = locks;
        this.isOwnFolder = isOwnFolder;
    }

    private static Path newFolder() {
        try {
            return Files.createTempDirectory("feed-locks");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static FeedRig of(FakeVenue venue) {
        return new FeedRig(venue.uri());
    }

    FeedSettings settings() {
        return new FeedSettings(
                uri,
                caFile,
                symbols,
                50,
                maxMessageLength,
                connectTimeout,
                silenceTimeout,
                backoffMin,
                backoffMax,
                stableAfter,
                retryAfterMax,
                policyRetries,
                locks);
    }

    FeedClient client() {
        FeedClient client = new FeedClient(
                settings(),
                new LeasedKey(key, lease),
                new FeedClient.Handlers(this, this),
                new Surroundings(InstantSource.system(), threads, new SplittableRandom(1), names),
                metrics);
        clients.add(client);
        return client;
    }

    FeedClient open() {
        FeedClient client = client();
        client.open();
        return client;
    }

    @Override
    public boolean onFrame(ByteBuffer payload, long receivedAtMillis) {
        events.add("frame " + StandardCharsets.UTF_8.decode(payload.duplicate()));
        return frames.onFrame(payload, receivedAtMillis);
    }

    @Override
    public void onSessionOpened(long openedAtMillis) {
        events.add("opened");
    }

    @Override
    public void onSubscription(String symbol, boolean subscribed, long atMillis) {
        events.add("subscribed " + symbol);
    }

    @Override
    public void onSessionClosed(String reason, long closedAtMillis) {
        events.add("closed: " + reason);
    }

    /** The next thing that the feed told. */
    String awaitEvent() {
        try {
            String event = events.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
            if (event == null) {
                throw new AssertionError("feed has told nothing further");
            }
            return event;
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** Takes the events of a session's beginning with the one default symbol. */
    void awaitSession() {
        assertThat(awaitEvent()).isEqualTo("opened");
        assertThat(awaitEvent()).isEqualTo("subscribed AAPL");
    }

    long count(String metric) {
        return metrics.counter("feed." + metric).getCount();
    }

    @Override
    public void close() {
        clients.forEach(FeedClient::close);
        if (!isOwnFolder) {
            return;
        }
        try (Stream<Path> files = Files.list(locks)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
            Files.delete(locks);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
