package io.tapestream.status;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.codahale.metrics.MetricRegistry;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class StatusServerTest {
    private final MetricRegistry metrics = new MetricRegistry();
    private final HttpClient client = HttpClient.newHttpClient();
    private Health health = new Health(true, "running", new TreeMap<>(Map.of("frames", 7, "feed", "<open>")));
    private StatusServer server;

    @BeforeEach
    void startServer() {
        server = StatusServer.start(new StatusSettings("127.0.0.1", 0), metrics, () -> health, Thread::new);
    }

    @AfterEach
    void stopServer() {
        server.close();
    }

    @Test
    void healthIsJsonAndItsStatusFollowsIt() throws Exception {
        HttpResponse<String> healthy = get("/health");
        assertThat(healthy.statusCode()).isEqualTo(200);
        assertThat(new ObjectMapper().readTree(healthy.body()))
                .isEqualTo(new ObjectMapper()
                        .readTree("{\"healthy\":true,\"state\":\"running\",\"feed\":\"<open>\",\"frames\":7}"));

        health = new Health(false, "degraded", new TreeMap<>());
        assertThat(get("/health").statusCode()).isEqualTo(503);
    }

    @Test
    void metricsArePrometheusText() throws Exception {
        metrics.counter("record.trades-received").inc(61);

        HttpResponse<String> response = get("/metrics");

        assertThat(response.headers().firstValue("content-type"))
                .hasValueSatisfying(type -> assertThat(type).startsWith("text/plain"));
        assertThat(response.body().lines()).anyMatch(line -> line.matches("record_trades_received(_total)? 61(\\.0)?"));
    }

    @Test
    void thePageShowsTheSnapshotEscaped() throws Exception {
        assertThat(get("/").body())
                .contains("running", "<td>7</td>", "&lt;open&gt;")
                .doesNotContain("<open>");
    }

    @Test
    void otherPathsAndMethodsAreRefused() throws Exception {
        assertThat(get("/elsewhere").statusCode()).isEqualTo(404);
        HttpRequest post = request("/health")
                .POST(HttpRequest.BodyPublishers.ofString("{}"))
                .build();
        assertThat(client.send(post, HttpResponse.BodyHandlers.ofString()).statusCode())
                .isEqualTo(405);
    }

    @Test
    void aPortThatIsTakenIsNamedWithTheRemedy() {
        assertThatThrownBy(() -> StatusServer.start(
                        new StatusSettings("127.0.0.1", server.port()), metrics, () -> health, Thread::new))
                .isInstanceOf(PortTakenException.class)
                .hasMessageContaining("port=" + server.port())
                .hasMessageContaining("set status.port");
    }

    private HttpResponse<String> get(String path) throws IOException, InterruptedException {
        return client.send(request(path).build(), HttpResponse.BodyHandlers.ofString());
    }

    private HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + path));
    }
}
