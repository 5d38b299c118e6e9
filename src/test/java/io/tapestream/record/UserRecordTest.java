package io.tapestream.record;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import com.codahale.metrics.Counter;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class UserRecordTest {
    private final Counter dropped = new Counter();
    private final BufferPool pool = new BufferPool(20_000, 64 << 10, dropped);
    private final UserRecord userRecord = new UserRecord(pool, "7", "1234");

    private void add(String line) {
        byte[] bytes = line.getBytes(StandardCharsets.UTF_8);
        byte[] room = userRecord.room(bytes.length);
        System.arraycopy(bytes, 0, room, userRecord.length(), bytes.length);
        userRecord.add(bytes.length, 1);
    }

    @Test
    void keepsItsLinesWhenItGrows() {
        var expected = new StringBuilder();
        for (int i = 0; i < 1900; i++) {
            String line = "line " + (1000 + i) + "\n";
            expected.append(line);
            add(line);
        }

        assertThat(PackedFrames.text(userRecord)).isEqualTo(expected.toString());
        assertThat(userRecord.capacity()).isEqualTo(20_000);
    }

    @Test
    void holdsLittleMemoryForFewTrades() {
        add("line\n");

        assertThat(userRecord.capacity()).isEqualTo(1024);
    }

    @Test
    void givesEachConsumerAViewOfItsOwn() {
        add("line\n");
        ByteBuffer consumed = userRecord.payload();
        consumed.position(consumed.limit());

        assertThat(userRecord.payload().remaining()).isEqualTo(5);
        assertThat(userRecord.payload().isReadOnly()).isTrue();
    }

    @Test
    void givesItsMemoryToTheNext() {
        add("line\n");
        byte[] buffer = userRecord.room(1);
        userRecord.release();

        assertThat(new UserRecord(pool, "8", "1").room(1000)).isSameAs(buffer);
    }

    @Test
    void refusesToBeReleasedTwice() {
        add("line\n");
        userRecord.release();

        assertThatIllegalStateException()
                .isThrownBy(userRecord::release)
                .withMessage("user record released: partitionKey=7 tradeCount=1 (its memory serves another one)");
        assertThatIllegalStateException().isThrownBy(userRecord::payload);
    }

    @Test
    void boundsWhatIsIdle() {
        for (int i = 0; i < 10; i++) {
            pool.give(new byte[16 << 10]);
        }

        assertThat(dropped.getCount()).isEqualTo(6);
        pool.take(16 << 10);
        pool.give(new byte[16 << 10]);
        assertThat(dropped.getCount()).isEqualTo(6);
    }

    @Test
    void takesBuffersOfDoublingSizes() {
        assertThat(pool.take(1)).hasSize(1024);
        assertThat(pool.take(1024)).hasSize(1024);
        assertThat(pool.take(1025)).hasSize(2048);
        assertThat(pool.take(16_384)).hasSize(16_384);
        assertThat(pool.take(16_385)).hasSize(20_000);
        assertThat(pool.take(20_000)).hasSize(20_000);
    }
}
