package io.tapestream.kinesis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tapestream.kinesis.AcknowledgingEndpoint.Answer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.exception.SdkClientException;

class StreamCheckTest {
    private static final AwsCredentialsProvider CREDENTIALS =
            StaticCredentialsProvider.create(AwsBasicCredentials.create("AKIDEXAMPLE", "secret"));

    @TempDir
    static Path folder;

    private static TestCertificate certificate;
    private AcknowledgingEndpoint endpoint;

    @BeforeAll
    static void makeCertificate() throws IOException {
        certificate = TestCertificate.create(folder, "dns:localhost");
    }

    @BeforeEach
    void startEndpoint() throws IOException {
        endpoint = AcknowledgingEndpoint.start(certificate);
    }

    @AfterEach
    void closeEndpoint() {
        endpoint.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"ACTIVE", "UPDATING"})
    void isReadyWhenTheStreamTakesRecords(String status) {
        endpoint.answer("DescribeStreamSummary", Answer.stream(status, ""));

        assertThat(check()).isEqualTo(StreamCheck.Answer.READY);
        assertThat(endpoint.calls("ListShards")).isEqualTo(1);
    }

    @Test
    void isReadyWhenTheUserChoosesThePartitionKey() {
        endpoint.answer(
                "DescribeStreamSummary",
                Answer.stream("ACTIVE", ",\"RecordDistributionStrategy\":\"USER_PARTITION_KEY\""));

        assertThat(check()).isEqualTo(StreamCheck.Answer.READY);
    }

    @Test
    void refusesAStreamThatDistributesRecordsByItself() {
        endpoint.answer("DescribeStreamSummary", Answer.stream("ACTIVE", ",\"RecordDistributionStrategy\":\"AUTO\""));

        assertThatThrownBy(this::check)
                .isInstanceOf(StreamRefusedException.class)
                .hasMessage("stream distributes records by itself: stream=stream-finnhub region=us-east-1 endpoint="
                        + endpoint.uri()
                        + " strategy=AUTO (its readers lose aggregated records: set the stream's record distribution"
                        + " strategy to USER_PARTITION_KEY)");
    }

    @Test
    void refusesAStreamThatIsNotThere() {
        endpoint.answer("DescribeStreamSummary", Answer.error(400, "ResourceNotFoundException"));

        assertThatThrownBy(this::check)
                .isInstanceOf(StreamRefusedException.class)
                .hasMessage("stream not found: stream=stream-finnhub region=us-east-1 endpoint=" + endpoint.uri()
                        + " (create it, or correct kinesis.stream, kinesis.region, kinesis.endpoint)");
    }

    @Test
    void refusesAStreamThatIsBeingDeleted() {
        endpoint.answer("DescribeStreamSummary", Answer.stream("DELETING", ""));

        assertThatThrownBy(this::check)
                .isInstanceOf(StreamRefusedException.class)
                .hasMessageStartingWith("stream is being deleted: stream=stream-finnhub ");
    }

    @Test
    void waitsForAStreamThatIsBeingCreated() {
        endpoint.answer("DescribeStreamSummary", Answer.stream("CREATING", ""));
        Thread creation = new Thread(() -> {
            while (endpoint.calls("DescribeStreamSummary") == 0) {
                Thread.onSpinWait();
            }
            endpoint.answerItself("DescribeStreamSummary");
        });
        creation.start();

        assertThat(check()).isEqualTo(StreamCheck.Answer.READY);
    }

    @ParameterizedTest
    @CsvSource({
        "DescribeStreamSummary, AccessDeniedException",
        "DescribeStreamSummary, UnrecognizedClientException",
        "DescribeStreamSummary, ExpiredTokenException",
        "DescribeStreamSummary, InvalidSignatureException",
        "ListShards, AccessDeniedException"
    })
    void refusesCredentialsThatTheStreamDenies(String operation, String code) {
        endpoint.answer(operation, Answer.error(400, code));

        assertThatThrownBy(this::check)
                .isInstanceOf(StreamRefusedException.class)
                .hasMessageStartingWith("access to the stream denied: stream=stream-finnhub region=us-east-1 endpoint="
                        + endpoint.uri() + " operation=" + operation + " code=" + code)
                .hasMessageEndingWith("(check the credentials; they need kinesis:DescribeStreamSummary,"
                        + " kinesis:ListShards and kinesis:PutRecords on the stream)");
    }

    @Test
    void refusesAnEndpointThatKnowsNothingOfStreams() {
        endpoint.answer("DescribeStreamSummary", Answer.error(404, "NoSuchBucket"));

        assertThatThrownBy(this::check)
                .isInstanceOf(StreamRefusedException.class)
                .hasMessageContaining("status=404 code=NoSuchBucket");
    }

    @Test
    void anEndpointInTroubleIsUnreachable() {
        endpoint.answer("DescribeStreamSummary", Answer.error(503, "ServiceUnavailable"));

        assertThat(check()).isEqualTo(StreamCheck.Answer.UNREACHABLE);
        assertThat(endpoint.calls("DescribeStreamSummary")).isEqualTo(3);
    }

    @Test
    void anEndpointThatThrottlesIsUnreachable() {
        endpoint.answer("DescribeStreamSummary", Answer.error(400, "LimitExceededException"));

        assertThat(check()).isEqualTo(StreamCheck.Answer.UNREACHABLE);
    }

    @Test
    void anEndpointThatDoesNotAnswerIsUnreachable() {
        endpoint.delay(Duration.ofSeconds(30));

        assertThat(check()).isEqualTo(StreamCheck.Answer.UNREACHABLE);
    }

    @Test
    void aPortThatNobodyListensOnIsUnreachable() {
        URI closed = endpoint.uri();
        endpoint.close();

        assertThat(check(settings(closed, certificate.pem(), true))).isEqualTo(StreamCheck.Answer.UNREACHABLE);
    }

    @Test
    void refusesACertificateOfAnUnknownAuthority() {
        assertThatThrownBy(() -> check(settings(endpoint.uri(), null, true)))
                .isInstanceOf(StreamRefusedException.class)
                .hasMessageStartingWith("certificate of the endpoint not trusted: stream=stream-finnhub")
                .hasMessageContaining("set kinesis.ca-file");
    }

    @Test
    void refusesACertificateForAnotherName() {
        URI otherName = URI.create("https://127.0.0.1:" + endpoint.uri().getPort());

        assertThatThrownBy(() -> check(settings(otherName, certificate.pem(), true)))
                .isInstanceOf(StreamRefusedException.class)
                .hasMessageStartingWith("certificate of the endpoint not trusted: ");
    }

    @Test
    void trustsAnyCertificateWhenToldTo() {
        assertThat(check(settings(endpoint.uri(), null, false))).isEqualTo(StreamCheck.Answer.READY);
    }

    @Test
    void refusesAnEndpointWithoutTls() throws IOException {
        try (ServerSocket plain = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            answerInTheClear(plain);

            URI uri = URI.create("https://localhost:" + plain.getLocalPort());
            assertThatThrownBy(() -> check(settings(uri, null, true)))
                    .isInstanceOf(StreamRefusedException.class)
                    .hasMessageStartingWith("no TLS: ");
        }
    }

    private static void answerInTheClear(ServerSocket server) {
        Thread thread = new Thread(() -> {
            try {
                while (true) {
                    var socket = server.accept();
                    socket.getOutputStream()
                            .write("HTTP/1.1 400 Bad Request\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
                    socket.getOutputStream().flush();
                }
            } catch (IOException e) {
                // The test has ended.
            }
        });
        thread.setDaemon(true);
        thread.start();
    }

    @Test
    void refusesAFileWithoutCertificates() throws IOException {
        Path empty = Files.writeString(folder.resolve("empty.pem"), "");

        assertThatThrownBy(() -> check(settings(endpoint.uri(), empty, true)))
                .isInstanceOf(StreamRefusedException.class)
                .hasMessage("no certificate in file: path=" + empty + " (set kinesis.ca-file to a PEM file)");
    }

    @Test
    void refusesAMissingFileOfCertificates() {
        assertThatThrownBy(() -> check(settings(endpoint.uri(), folder.resolve("none.pem"), true)))
                .isInstanceOf(StreamRefusedException.class)
                .hasMessageStartingWith("certificates not read: path=");
    }

    @Test
    void refusesToStartWithoutCredentials() {
        AwsCredentialsProvider none = () -> {
            throw SdkClientException.create("Unable to load credentials from any of the providers");
        };

        assertThatThrownBy(() -> StreamCheck.checkStream(settings(endpoint.uri(), certificate.pem(), true), none))
                .isInstanceOf(StreamRefusedException.class)
                .hasMessageStartingWith("no AWS credentials: stream=stream-finnhub")
                .hasMessageContaining("AWS_ACCESS_KEY_ID");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " stream", "stream ", "a/b", "ström"})
    void refusesAStreamNameThatAwsWouldNotTake(String name) {
        assertThatThrownBy(() -> check(settings(name, "us-east-1", null)))
                .isInstanceOf(StreamRefusedException.class)
                .hasMessage("stream name not valid: stream=\"" + name
                        + "\" (kinesis.stream: 1 to 128 letters, digits, '_', '.', '-')");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "http://localhost:4567",
                "https://localhost:4567/kinesis",
                "https://localhost/?a=b",
                "https://user@localhost",
                "localhost:4567"
            })
    void refusesAnEndpointThatTheKplCannotUse(String uri) {
        assertThatThrownBy(() -> check(settings("stream", "us-east-1", URI.create(uri))))
                .isInstanceOf(StreamRefusedException.class)
                .hasMessageStartingWith("endpoint not usable: endpoint=" + uri);
    }

    @Test
    void refusesARegionThatTheKplWouldNotTake() {
        assertThatThrownBy(() -> check(settings("stream", "Frankfurt", null)))
                .isInstanceOf(StreamRefusedException.class)
                .hasMessageStartingWith("setting refused by the Kinesis Producer Library: stream=stream");
    }

    private StreamCheck.Answer check() {
        return check(settings(endpoint.uri(), certificate.pem(), true));
    }

    private static StreamCheck.Answer check(KinesisSettings settings) {
        return StreamCheck.checkStream(settings, CREDENTIALS);
    }

    private static KinesisSettings settings(String stream, String region, @Nullable URI uri) {
        return PutterRig.settings(stream, region, uri, null, true);
    }

    private static KinesisSettings settings(URI uri, @Nullable Path caFile, boolean verifyCertificate) {
        return PutterRig.settings("stream-finnhub", "us-east-1", uri, caFile, verifyCertificate);
    }
}
