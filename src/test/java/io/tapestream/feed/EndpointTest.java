package io.tapestream.feed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class EndpointTest {
    private static final ApiKey KEY = ApiKey.of("a+b/c=d&e");

    @ParameterizedTest
    @CsvSource({
        "wss://ws.finnhub.io/, true, ws.finnhub.io, 443, ws.finnhub.io, /?token=a%2Bb%2Fc%3Dd%26e",
        "wss://ws.finnhub.io, true, ws.finnhub.io, 443, ws.finnhub.io, /?token=a%2Bb%2Fc%3Dd%26e",
        "WSS://venue:8443/v1?x=y, true, venue, 8443, venue:8443, /v1?x=y&token=a%2Bb%2Fc%3Dd%26e",
        "ws://127.0.0.1:80/, false, 127.0.0.1, 80, 127.0.0.1, /?token=a%2Bb%2Fc%3Dd%26e",
        "ws://localhost:443/, false, localhost, 443, localhost:443, /?token=a%2Bb%2Fc%3Dd%26e",
        "ws://[::1]:9000/, false, ::1, 9000, [::1]:9000, /?token=a%2Bb%2Fc%3Dd%26e",
        "wss://venue/\u5e01, true, venue, 443, venue, /%E5%B8%81?token=a%2Bb%2Fc%3Dd%26e"
    })
    void isReadFromAnAddress(URI uri, boolean isTls, String host, int port, String header, String target) {
        Endpoint endpoint = Endpoint.of(uri);
        assertThat(endpoint.isTls()).isEqualTo(isTls);
        assertThat(endpoint.host()).isEqualTo(host);
        assertThat(endpoint.port()).isEqualTo(port);
        assertThat(endpoint.hostHeader()).isEqualTo(header);
        assertThat(endpoint.requestTarget(KEY)).isEqualTo(target);
        assertThat(endpoint).asString().isEqualTo((isTls ? "wss://" : "ws://") + header);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "ws://ws.finnhub.io/ | ws would send the key in the clear: feed.uri=ws://ws.finnhub.io (expected: wss, or ws on loopback)",
                "ws://10.0.0.1:80/?token=S3CRET | ws would send the key in the clear: feed.uri=ws://10.0.0.1:80 (expected: wss, or ws on loopback)",
                "https://venue/ | scheme is not that of a WebSocket: feed.uri=https://venue (expected: wss, or ws on loopback)",
                "wss:/path | address is not a venue's: feed.uri=wss://null (expected: wss://host[:port]/[path], without user and fragment)",
                "wss://user@venue/ | address is not a venue's: feed.uri=wss://venue (expected: wss://host[:port]/[path], without user and fragment)",
            })
    void refusesAnAddress(URI uri, String message) {
        assertThatIllegalArgumentException().isThrownBy(() -> Endpoint.of(uri)).withMessage(message);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"ws://127.0.0.1.evil.com/", "ws://localhost.evil.com/", "ws://1/", "ws://[::2]/", "ws://0.0.0.0/"
            })
    void isNotFooledByWhatOnlyLooksLikeLoopback(URI uri) {
        assertThatIllegalArgumentException().isThrownBy(() -> Endpoint.of(uri));
    }

    @Test
    void sendsNoKeyInTheClearToAnAddressThatIsNotLoopback() throws UnknownHostException {
        InetAddress elsewhere = InetAddress.getByAddress(new byte[] {10, 0, 0, 1});
        assertThat(Endpoint.of(URI.create("ws://localhost/")).mayReach(elsewhere))
                .isFalse();
        assertThat(Endpoint.of(URI.create("wss://localhost/")).mayReach(elsewhere))
                .isTrue();
    }
}
