package io.tapestream.feed;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class LeaseGuardTest {
    private final AtomicInteger told = new AtomicInteger();
    private final AtomicInteger begun = new AtomicInteger();
    private long remainingNanos = 1;

    private EmbeddedChannel connected() {
        return new EmbeddedChannel(
                new LeaseGuard(() -> remainingNanos, told::incrementAndGet), new ChannelInboundHandlerAdapter() {
                    @Override
                    public void channelActive(ChannelHandlerContext ctx) {
                        begun.incrementAndGet(); // where TLS or the request would be
                    }
                });
    }

    @Test
    void letsAllPassWhileTheLeaseIsGood() {
        EmbeddedChannel channel = connected();
        assertThat(channel.writeInbound(Unpooled.wrappedBuffer(new byte[1]))).isTrue();
        assertThat(begun).hasValue(1);
        assertThat(told).hasValue(0);
        channel.finishAndReleaseAll();
    }

    @Test
    void letsNoHandshakeBeginOnASocketThatCameTooLate() {
        remainingNanos = 0;
        EmbeddedChannel channel = connected();
        assertThat(begun).hasValue(0);
        assertThat(told).hasValue(1);
        channel.finishAndReleaseAll();
    }

    @Test
    void dropsAndReleasesWhatIsReadAfterwards() {
        EmbeddedChannel channel = connected();
        remainingNanos = 0;
        ByteBuf read = Unpooled.wrappedBuffer(new byte[1]);
        assertThat(channel.writeInbound(read)).isFalse();
        assertThat(read.refCnt()).isZero();
        assertThat(told).hasValue(1);
        channel.finishAndReleaseAll();
    }
}
