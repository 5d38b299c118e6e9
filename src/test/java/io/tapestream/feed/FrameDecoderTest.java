package io.tapestream.feed;

import static io.tapestream.feed.FakeVenuePeer.frame;
import static io.tapestream.feed.WireFrames.payload;
import static io.tapestream.feed.WireFrames.wire;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import io.netty.buffer.AbstractByteBufAllocator;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.embedded.EmbeddedChannel;
import io.tapestream.frame.FrameHandler;
import java.io.ByteArrayOutputStream;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class FrameDecoderTest implements FrameHandler, FrameDecoder.Control {
    private static final int LIMIT = 100_000;
    private static final String SPLIT_SYMBOL_MESSAGE =
            "{\"data\":[{\"c\":null,\"p\":1.5,\"s\":\"BINANCE:币安人生USDT\",\"t\":1768655932976,\"v\":3}],\"type\":\"trade\"}";

    private final List<String> told = new ArrayList<>();
    private final List<ByteBuf> sent = new ArrayList<>();
    private final FrameDecoder decoder = new FrameDecoder(this, this, LIMIT, () -> Instant.ofEpochMilli(7));
    private final EmbeddedChannel channel = new EmbeddedChannel(decoder);
    private int takeBeforePause = Integer.MAX_VALUE;
    private @Nullable RuntimeException failure;

    @Override
    public boolean onFrame(ByteBuffer payload, long receivedAtMillis) {
        if (failure != null) {
            throw failure;
        }
        assertThat(receivedAtMillis).isEqualTo(7);
        told.add(StandardCharsets.UTF_8.decode(payload).toString());
        return --takeBeforePause > 0;
    }

    @Override
    public void onControl(int opcode, ByteBuf payload) {
        told.add("control " + opcode + " " + ByteBufUtil.hexDump(payload));
    }

    @Override
    public void onViolation(int closeCode, String what) {
        told.add(closeCode + " " + what);
    }

    @AfterEach
    void everyBufferIsReleasedWhenTheChannelIsClosed() {
        channel.close();
        decoder.discard();
        assertThat(sent).allSatisfy(buffer -> assertThat(buffer.refCnt()).isZero());
    }

    private void receive(byte... bytes) {
        ByteBuf buffer = channel.alloc().buffer().writeBytes(bytes);
        sent.add(buffer);
        channel.writeInbound(buffer);
    }

    private void receiveText(String text) {
        receive(frame(0x81, text.getBytes(StandardCharsets.UTF_8)));
    }

    @Test
    void putsFragmentsTogether() {
        receive(wire("A01_three_fragments"));
        assertThat(told).containsExactly(SPLIT_SYMBOL_MESSAGE);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 7, 50, 1000})
    void isToldTheSameHoweverTheBytesAreCut(int step) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        all.writeBytes(wire("A01_fragments_split_inside_utf8_with_ping_between"));
        all.writeBytes(frame(0x81, payload("btc_20240721").getBytes(StandardCharsets.UTF_8)));
        all.writeBytes(frame(0x82, new byte[] {'b'}));
        all.writeBytes(frame(0x81, "x".repeat(70_000).getBytes(StandardCharsets.UTF_8)));
        all.writeBytes(frame(0x8a, new byte[0]));
        all.writeBytes(frame(0x81, new byte[0]));
        byte[] wire = all.toByteArray();
        for (int at = 0; at < wire.length; at += step) {
            receive(Arrays.copyOfRange(wire, at, Math.min(wire.length, at + step)));
        }
        assertThat(told)
                .containsExactly(
                        "control 9 6b31",
                        SPLIT_SYMBOL_MESSAGE,
                        payload("btc_20240721"),
                        "b",
                        "x".repeat(70_000),
                        "control 10 ",
                        "");
    }

    @Test
    void publishesNothingOfAHalfMessageThatACloseCutsOff() {
        receive(wire("A01_close_1001_in_middle_of_fragments"));
        receiveText("too late");
        assertThat(told).containsExactly("control 8 03e972657374617274");
    }

    @Test
    void refusesTextThatIsNotUtf8() {
        receive(wire("A01_invalid_utf8_text"));
        receiveText("too late");
        assertThat(told).containsExactly("1007 text is not UTF-8: length=54");
    }

    @Test
    void refusesFragmentsThatAreNotUtf8Together() {
        receive(frame(0x01, new byte[] {(byte) 0xe5, (byte) 0xb8}));
        receive(frame(0x80, new byte[] {'a'}));
        assertThat(told).containsExactly("1007 text is not UTF-8: length=3");
    }

    @Test
    void handsOnBinaryMessagesWhateverTheirBytes() {
        receive(frame(0x82, new byte[] {'{', '}'}));
        assertThat(told).containsExactly("{}");
    }

    @ParameterizedTest
    @ValueSource(ints = {LIMIT - 1, LIMIT})
    void takesAMessageUpToTheLimit(int length) {
        receiveText("x".repeat(length));
        assertThat(told).containsExactly("x".repeat(length));
    }

    @Test
    void refusesAMessageOverTheLimitByItsHeader() {
        receive(Arrays.copyOf(frame(0x81, new byte[LIMIT + 1]), 10));
        assertThat(told)
                .containsExactly("1009 message too long: length=100001 limit=100000 (see feed.max-message-length)");
    }

    @Test
    void refusesFragmentsThatAreTooLongTogether() {
        receive(frame(0x01, new byte[LIMIT - 1]));
        receive(frame(0x00, new byte[1]));
        receive(frame(0x80, new byte[1]));
        assertThat(told)
                .containsExactly("1009 message too long: length=100001 limit=100000 (see feed.max-message-length)");
    }

    @Test
    void allocatesNothingForAHugeAnnouncedLength() {
        receive(wire("A02_claimed_length_2_pow_62"));
        assertThat(told)
                .containsExactly(
                        "1009 message too long: length=4611686018427387904 limit=100000 (see feed.max-message-length)");
        assertThat(decoder.isHolding()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"817f4000000000000000", "017f4000000000000000", "817f00000000000186a0"})
    void allocatesForWhatHasComeAndNotForWhatIsAnnounced(String header) {
        ByteBuf read = Unpooled.wrappedBuffer(HexFormat.of().parseHex(header));
        List<Integer> capacities = new ArrayList<>();
        AbstractByteBufAllocator counting = new AbstractByteBufAllocator() {
            @Override
            protected ByteBuf newHeapBuffer(int initialCapacity, int maxCapacity) {
                capacities.add(initialCapacity);
                return UnpooledByteBufAllocator.DEFAULT.heapBuffer(initialCapacity, maxCapacity);
            }

            @Override
            protected ByteBuf newDirectBuffer(int initialCapacity, int maxCapacity) {
                return newHeapBuffer(initialCapacity, maxCapacity);
            }

            @Override
            public boolean isDirectBufferPooled() {
                return false;
            }
        };
        channel.config().setAllocator(counting);
        channel.writeInbound(read);
        assertThat(capacities).allMatch(capacity -> capacity <= header.length() / 2);
    }

    @Test
    void refusesCompressedMessagesSinceNoneAreOffered() {
        receive(wire("A04_uncompressed_rsv0_between"));
        receive(wire("A04_deflated_rsv1_first"));
        receive(wire("A04_deflated_rsv1_second_needs_context_takeover"));
        assertThat(told).containsExactly("{\"type\":\"ping\"}", "1002 reserved bits set without an extension: bits=4");
    }

    @ParameterizedTest
    @CsvSource({
        "8180000000006162, masked frame from a server",
        "9101, reserved bits set without an extension: bits=1",
        "8300, unknown opcode: opcode=3",
        "8b00, unknown opcode: opcode=11",
        "0900, control frame fragmented or too long: opcode=9 length=0",
        "897e007e, control frame fragmented or too long: opcode=9 length=126",
        "887f8000000000000000, control frame fragmented or too long: opcode=8 length=-9223372036854775808",
        "8000, continuation of no message",
        "01008100, message begins inside another",
        "817e007d, length not in its shortest form: length=125",
        "817f000000000000ffff, length not in its shortest form: length=65535",
        "817fffffffffffffffff, length is negative"
    })
    void refusesWhatRfc6455Forbids(String wire, String what) {
        receive(HexFormat.of().parseHex(wire));
        receiveText("too late");
        assertThat(told).containsExactly("1002 " + what);
    }

    @Test
    void holdsWhatFollowsWhileTheHandlerIsNotReady() {
        takeBeforePause = 1;
        receive(concat(text("one"), text("two"), frame(0x89, new byte[0])));
        receive(concat(text("three"), frame(0x88, new byte[0])));
        assertThat(told).containsExactly("one");
        assertThat(channel.config().isAutoRead()).isFalse();
        assertThat(decoder.isHolding()).isTrue();
        takeBeforePause = 1;
        decoder.resume();
        assertThat(told).containsExactly("one", "two");
        assertThat(channel.config().isAutoRead()).isFalse();
        takeBeforePause = Integer.MAX_VALUE;
        decoder.resume();
        assertThat(told).containsExactly("one", "two", "control 9 ", "three", "control 8 ");
        assertThat(channel.config().isAutoRead()).isTrue();
        assertThat(decoder.isHolding()).isFalse();
    }

    @Test
    void handsOnWhatItHoldsThoughTheChannelHasBeenClosed() {
        takeBeforePause = 1;
        receive(concat(text("one"), text("two")));
        channel.close();
        assertThat(decoder.isHolding()).isTrue();
        takeBeforePause = 2;
        decoder.resume();
        assertThat(told).containsExactly("one", "two");
        assertThat(decoder.isHolding()).isFalse();
    }

    @Test
    void releasesTheBufferWhenTheHandlerThrows() {
        RuntimeException planted = new IllegalStateException("planted");
        failure = planted;
        byte[] two = concat(text("one"), text("two"));
        assertThatThrownBy(() -> receive(two)).isSameAs(planted);
        failure = null;
        receiveText("three");
        assertThat(told).isEmpty();
        assertThat(sent)
                .hasSize(2)
                .allSatisfy(buffer -> assertThat(buffer.refCnt()).isZero());
    }

    @Test
    void copiesNoMessageThatCameInOneFrameAndOneRead() {
        ByteBuf read = Unpooled.directBuffer().writeBytes(text("here"));
        List<ByteBuffer> seen = new ArrayList<>();
        FrameHandler overwriting = (payload, at) -> seen.add(payload.put(payload.position(), (byte) 'H'));
        new EmbeddedChannel(new FrameDecoder(overwriting, this, LIMIT, Instant::now)).writeInbound(read.retain());
        assertThat(seen).hasSize(1);
        assertThat(read.toString(2, 4, StandardCharsets.UTF_8)).isEqualTo("Here");
        read.release();
    }

    @Test
    void allocatesNothingPerFrame() {
        long[] seen = new long[1];
        FrameDecoder counting = new FrameDecoder((payload, at) -> ++seen[0] > 0, this, LIMIT, InstantSource.system());
        EmbeddedChannel quiet = new EmbeddedChannel(counting);
        ChannelHandlerContext context = quiet.pipeline().context(counting);
        byte[] frame = text(payload("btc_20240721"));
        // Leaks are not looked for, since that allocates.
        ByteBuf read = new UnpooledByteBufAllocator(true, true).directBuffer();
        for (int i = 0; i < 1000; i++) {
            read.writeBytes(frame);
        }
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        counting.channelRead(context, read.retain());
        long before = threads.getCurrentThreadAllocatedBytes();
        counting.channelRead(context, read.readerIndex(0));
        assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(1000);
        assertThat(seen[0]).isEqualTo(2000);
    }

    private static byte[] text(String text) {
        return frame(0x81, text.getBytes(StandardCharsets.UTF_8));
    }

    private static byte[] concat(byte[]... parts) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            all.writeBytes(part);
        }
        return all.toByteArray();
    }
}
