package io.tapestream.feed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

class ClientFramesTest {
    /** Masks as in the examples of RFC 6455 5.7. */
    private final ClientFrames frames = new ClientFrames(UnpooledByteBufAllocator.DEFAULT, () -> 0x37fa213d_00000000L);

    private static String hex(ByteBuf frame) {
        try {
            return ByteBufUtil.hexDump(frame);
        } finally {
            frame.release();
        }
    }

    @Test
    void masksAsTheExampleOfTheStandard() {
        assertThat(hex(frames.text("Hello".getBytes(StandardCharsets.US_ASCII))))
                .isEqualTo("818537fa213d7f9f4d5158");
    }

    @Test
    void answersAPingWithItsPayload() {
        assertThat(hex(frames.pong(Unpooled.wrappedBuffer(HexFormat.of().parseHex("deadbeef")))))
                .isEqualTo("8a8437fa213de9579fd2");
    }

    @Test
    void givesTwoBytesToALongerLength() {
        assertThat(hex(frames.text(new byte[125]))).startsWith("81fd37fa213d").hasSize(2 * (6 + 125));
        assertThat(hex(frames.text(new byte[126])))
                .startsWith("81fe007e37fa213d")
                .hasSize(2 * (8 + 126));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> frames.text(new byte[65536]))
                .withMessage("frame too long to send: length=65536 (expected: at most 65535)");
    }

    @Test
    void closesWithCodeAndReason() {
        assertThat(hex(frames.close(1000, ""))).isEqualTo("888237fa213d3412");
        assertThat(hex(frames.close(CloseCode.NO_CODE, "not said"))).isEqualTo("888037fa213d");
    }

    @Test
    void cutsAReasonThatIsTooLongBetweenCharacters() {
        ByteBuf frame = frames.close(1000, "é".repeat(100));
        assertThat(frame.getUnsignedByte(1) & 0x7f).isEqualTo(2 + 122);
        frame.release();
    }
}
