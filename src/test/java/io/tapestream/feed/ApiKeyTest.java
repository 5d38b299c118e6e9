package io.tapestream.feed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.Locale;
import org.junit.jupiter.api.Test;

class ApiKeyTest {
    private final ApiKey key = ApiKey.of("a b+c");

    @Test
    void isNotBlank() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ApiKey.of("  "))
                .withMessage("api key is blank (set finnhub.api.key, FINNHUB_API_KEY or FINNHUB_API_KEY_FILE)");
    }

    @Test
    void isEncodedForAQuery() {
        assertThat(key.queryEncoded()).isEqualTo("a%20b%2Bc");
        assertThat(ApiKey.of("a+b/c=d&e").queryEncoded()).isEqualTo("a%2Bb%2Fc%3Dd%26e");
        assertThat(ApiKey.of("SECRETTOKEN123").queryEncoded()).isEqualTo("SECRETTOKEN123");
    }

    @Test
    void printsAsAMask() {
        assertThat(String.format(Locale.ROOT, "%s", key)).isEqualTo("***");
    }

    @Test
    void masksItselfInOtherPeoplesTexts() {
        assertThat(key.redact("bad key a b+c in /?token=a%20b%2Bc or a+b%2Bc!"))
                .isEqualTo("bad key *** in /?token=*** or ***!");
    }

    @Test
    void hasANameThatDoesNotTellIt() {
        assertThat(key.fingerprint())
                .matches("[0-9a-f]{16}")
                .isEqualTo(ApiKey.of("a b+c").fingerprint())
                .isNotEqualTo(ApiKey.of("a b+d").fingerprint());
    }
}
