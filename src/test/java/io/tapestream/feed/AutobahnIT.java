package io.tapestream.feed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * The client against the Autobahn fuzzing server, the judge that WebSocket implementations are held to: framing,
 * fragmentation, UTF-8, pings, closes, limits. Compression (its cases 12 and 13) is not offered.
 *
 * <p>{@code scripts/test.sh autobahn} installs the server, which needs Python 2.7. Its reports are in
 * {@code target/autobahn/reports}, to be looked at with a browser; docs/CONFORMANCE.md says what came out.
 */
class AutobahnIT {
    private static final Path INSTALLED = Path.of("target/autobahn");
    private static final Path REPORTS = INSTALLED.resolve("reports");
    private static final JsonMapper JSON = new JsonMapper();
    private static final String AGENT = "tapestream";

    /**
     * Text that breaks off being UTF-8 in the middle of a message is refused when the message ends, not at its first
     * bad byte: nothing of a message is used before it is whole.
     */
    private static final Map<String, String> NOT_STRICT =
            Map.of("6.4.1", "NON-STRICT", "6.4.2", "NON-STRICT", "6.4.3", "NON-STRICT", "6.4.4", "NON-STRICT");

    /** The cases that send binary messages; the feed hands on both kinds alike, and so its handler cannot tell. */
    private static final Pattern BINARY = Pattern.compile("1\\.2\\.|9\\.[2468]\\.");

    private Process server;
    private int port;

    @BeforeEach
    void start() throws Exception {
        assumeTrue(
                Files.exists(INSTALLED.resolve("python")), "no fuzzing server: scripts/test.sh autobahn installs it");
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        server = new ProcessBuilder(
                        Files.readString(INSTALLED.resolve("python")).strip(),
                        "src/test/autobahn/server.py",
                        INSTALLED.resolve("packages").toString(),
                        Integer.toString(port),
                        REPORTS.toString())
                .redirectErrorStream(true)
                .redirectOutput(new File("target/autobahn/server.log"))
                .start();
        await().atMost(Duration.ofSeconds(60)).until(this::listens);
    }

    private boolean listens() {
        assertThat(server.isAlive()).as("see target/autobahn/server.log").isTrue();
        try (Socket probe = new Socket(InetAddress.getLoopbackAddress(), port)) {
            return probe.isConnected();
        } catch (IOException e) {
            return false;
        }
    }

    @AfterEach
    void stop() {
        if (server != null) {
            server.destroyForcibly();
        }
    }

    @Test
    void keepsToTheProtocolInEveryCase() throws Exception {
        try (EchoingClient client = new EchoingClient("ws://127.0.0.1:" + port)) {
            int cases = Integer.parseInt(client.ask("/getCaseCount"));
            for (int number = 1; number <= cases; number++) {
                String query = "?case=" + number + "&agent=" + AGENT;
                String id = JSON.readTree(client.ask("/getCaseInfo" + query))
                        .get("id")
                        .asText();
                client.echo(
                        "/runCase" + query, BINARY.matcher(id).lookingAt() ? FrameDecoder.BINARY : FrameDecoder.TEXT);
            }
            client.ask("/updateReports?agent=" + AGENT);
            assertThat(cases).isGreaterThan(300);
        }
        Map<String, String> notOk = new TreeMap<>();
        JsonNode results = JSON.readTree(Files.readString(REPORTS.resolve("index.json"), StandardCharsets.UTF_8))
                .get(AGENT);
        results.properties().forEach(result -> {
            String behavior = result.getValue().get("behavior").asText();
            String close = result.getValue().get("behaviorClose").asText();
            if (!behavior.equals("OK") && !behavior.equals("INFORMATIONAL")) {
                notOk.put(result.getKey(), behavior);
            } else if (!close.equals("OK") && !close.equals("INFORMATIONAL")) {
                notOk.put(result.getKey(), "close " + close);
            }
        });
        assertThat(notOk).isEqualTo(new TreeMap<>(NOT_STRICT));
    }
}
