package io.tapestream.feed;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class Utf8Test {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "a",
                "12345678",
                "123456789é",
                "币安人生USDT",
                "12345币678",
                "\uD83D\uDE00",
                "\u0000",
                "\u007F\u0080߿ࠀ￿"
            })
    void acceptsText(String text) {
        assertThat(isValid(text.getBytes(StandardCharsets.UTF_8))).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "80",
                "c328",
                "c0af",
                "c1bf",
                "e5b8",
                "e08080",
                "e09fbf",
                "eda080",
                "edbfbf",
                "f08080af",
                "f08fbfbf",
                "f4908080",
                "f5808080",
                "ff",
                "f09f98",
                "3132333435363738c3",
                "e5b8813132333435363738e528",
            })
    void refusesBytesThatAreNotText(String hex) {
        assertThat(isValid(HexFormat.of().parseHex(hex))).isFalse();
    }

    @Test
    void agreesWithTheJdk() {
        SplittableRandom random = new SplittableRandom(1);
        byte[] leads = HexFormat.of().parseHex("3120808fa0bfc2c3dfe0e5edeff0f4f5c0");
        for (int i = 0; i < 200_000; i++) {
            byte[] bytes = new byte[random.nextInt(12)];
            for (int at = 0; at < bytes.length; at++) {
                bytes[at] = random.nextInt(4) == 0 ? (byte) 'a' : leads[random.nextInt(leads.length)];
            }
            assertThat(isValid(bytes)).as(HexFormat.of().formatHex(bytes)).isEqualTo(isValidForTheJdk(bytes));
        }
    }

    @Test
    void looksOnlyBetweenPositionAndLimit() {
        ByteBuffer bytes = ByteBuffer.wrap(new byte[] {(byte) 0xff, 'a', 'b', (byte) 0xff})
                .position(1)
                .limit(3);
        assertThat(Utf8.isValid(bytes)).isTrue();
        assertThat(bytes.position()).isEqualTo(1);
    }

    private static boolean isValid(byte[] bytes) {
        return Utf8.isValid(ByteBuffer.wrap(bytes));
    }

    private static boolean isValidForTheJdk(byte[] bytes) {
        try {
            StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes));
            return true;
        } catch (CharacterCodingException e) {
            return false;
        }
    }
}
