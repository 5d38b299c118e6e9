package io.tapestream.feed;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HandshakeAnswerTest {
    /** The example of RFC 6455 1.3. */
    private static final String KEY = "dGhlIHNhbXBsZSBub25jZQ==";

    private static final String GOOD = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
            + "Connection: keep-alive, Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

    private static HandshakeAnswer parse(String head) {
        return Objects.requireNonNull(HandshakeAnswer.parse(head));
    }

    @Test
    void acceptsTheExampleOfTheStandard() {
        assertThat(parse(GOOD).problem(KEY)).isNull();
        assertThat(parse(GOOD.replace("Upgrade: w", "uPGRADE:W")).problem(KEY)).isNull();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "101 | 200 | status=200",
                "Upgrade: websocket | X: y | status=101 without an upgrade to websocket",
                "keep-alive, Upgrade | keep-alive | status=101 without an upgrade to websocket",
                "s3pP | S3pP | status=101 with a wrong Sec-WebSocket-Accept",
                "Sec-WebSocket-Accept | X-Accept | status=101 with a wrong Sec-WebSocket-Accept",
            })
    void saysWhatIsWrong(String part, String replacement, String problem) {
        assertThat(parse(GOOD.replace(part, replacement)).problem(KEY)).isEqualTo(problem);
    }

    @ParameterizedTest
    @ValueSource(strings = {"Sec-WebSocket-Extensions: permessage-deflate", "sec-websocket-protocol: chat"})
    void refusesWhatWasNotOffered(String header) {
        assertThat(parse(GOOD + "\r\n" + header).problem(KEY))
                .isEqualTo("status=101 with an extension or protocol that was not offered");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "SSH-2.0-OpenSSH_9.2", "HTTP/2 101", "HTTP/1.1 99 x", "HTTP/1.1 101x", "\r\nHTTP/1.1 101"})
    void isNullWhenItIsNotHttp(String head) {
        assertThat(HandshakeAnswer.parse(head)).isNull();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "30 | PT30S",
                "0 | PT0S",
                "Sun, 06 Nov 1994 08:50:07 GMT | PT30S",
                "Sun, 06 Nov 1994 08:00:00 GMT | PT0S",
                "999999999 | PT277777H46M39S",
                "99999999999999999999 | ",
                "-5 | ",
                "soon | "
            })
    void readsRetryAfter(String value, Duration expected) {
        Instant now = Instant.parse("1994-11-06T08:49:37Z");
        assertThat(parse("HTTP/1.1 429 Too Many Requests\r\nRetry-After: " + value)
                        .retryAfter(() -> now))
                .isEqualTo(expected);
    }
}
