package io.tapestream.record;

import static io.tapestream.record.PackedFrames.message;
import static io.tapestream.record.PackedFrames.trade;
import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class PackingTest {
    private static final String TIME = "1721555886208";

    @Test
    void handsNothingOutBeforeItIsFlushed() {
        var packed = new PackedFrames().feed(message(trade(1)));
        assertThat(packed.userRecords).isEmpty();

        packed.packer.flush();
        assertThat(packed.userRecords).hasSize(1);

        packed.packer.flush();
        assertThat(packed.userRecords).hasSize(1);
    }

    @Test
    void packsTheTradesOfABucketAcrossFramesInJournalOrder() {
        var packed = new PackedFrames();
        for (int i = 1; i <= 20; i++) {
            packed.feed(message(trade(i)));
        }

        assertThat(packed.trades())
                .extracting(t -> t.get("volume").intValue())
                .isEqualTo(IntStream.rangeClosed(1, 20).boxed().toList());
        assertThat(packed.userRecords).singleElement().satisfies(r -> {
            assertThat(r.tradeCount()).isEqualTo(20);
            assertThat(r.length()).isEqualTo(r.payload().remaining());
            assertThat(r.capacity()).isGreaterThanOrEqualTo(r.length());
            assertThat(PackedFrames.text(r)).endsWith("}\n");
        });
    }

    @Test
    void handsOutAPackThatAFurtherLineWouldMakeTooLong() {
        int maxBytes = 10_000;
        var packed = new PackedFrames(32, maxBytes);
        for (int i = 1; i <= 1000; i++) {
            packed.feed(message(trade(i)));
        }
        int begun = packed.userRecords.size();
        int longestLine =
                packed.lines().stream().mapToInt(l -> l.length() + 1).max().orElseThrow();

        assertThat(packed.userRecords.subList(0, begun))
                .isNotEmpty()
                .allSatisfy(r -> assertThat(r.length()).isBetween(maxBytes - longestLine, maxBytes));
        assertThat(packed.trades())
                .extracting(t -> t.get("volume").intValue())
                .isEqualTo(IntStream.rangeClosed(1, 1000).boxed().toList());
        assertThat(packed.counted("user-records")).isEqualTo(packed.userRecords.size());
    }

    @Test
    void fillsAPackToTheLastByte() {
        int line = new PackedFrames().feed(message(trade(1))).lines().get(0).length() + 1;
        int count = TradeLine.MAX_LENGTH / line + 1;
        var packed = new PackedFrames(32, count * line);
        for (int i = 0; i < count + 1; i++) {
            packed.feed(message(" ".repeat(i) + trade(1)));
        }

        packed.packer.flush();
        assertThat(packed.userRecords).extracting(UserRecord::length).containsExactly(count * line, line);
    }

    @Test
    void keepsASymbolInItsBucket() {
        var packed = new PackedFrames();
        for (int i = 0; i < 200; i++) {
            packed.feed(message(
                    trade("BINANCE:S" + i, "1", TIME, "1"),
                    trade("S" + i, "1", TIME, "1"),
                    trade("\\u0053" + i, "1", TIME, "1")));
        }

        packed.packer.flush();
        var buckets = new Buckets(32);
        for (UserRecord userRecord : packed.userRecords) {
            int bucket = Integer.parseInt(userRecord.partitionKey());
            assertThat(userRecord.explicitHashKey()).isEqualTo(buckets.explicitHashKey(bucket));
            assertThat(PackedFrames.text(userRecord).lines()).allSatisfy(line -> {
                byte[] symbol =
                        PackedFrames.parsed(line).get("symbol").textValue().getBytes(StandardCharsets.UTF_8);
                assertThat(buckets.of(symbol, 0, symbol.length)).isEqualTo(bucket);
            });
        }
        assertThat(packed.userRecords).hasSize(32);
    }

    @Test
    void putsEverythingIntoTheOneBucket() {
        var packed = new PackedFrames(1, 16 << 10).feed(message(trade(1)), message(trade("币", "1", TIME, "1")));

        packed.packer.flush();
        assertThat(packed.userRecords).singleElement().satisfies(r -> {
            assertThat(r.partitionKey()).isEqualTo("0");
            assertThat(r.explicitHashKey()).isEqualTo(BigInteger.TWO.pow(127).toString());
        });
    }

    @Test
    void knowsTheOldestReceiveTimeOfAPack() {
        var packed = new PackedFrames();
        packed.receivedAt(5000).feed(message(trade(1)));
        packed.receivedAt(4000).feed(message(trade(2)));
        packed.receivedAt(6000).feed(message(trade(3)));

        packed.packer.flush();
        assertThat(packed.userRecords)
                .extracting(UserRecord::oldestReceivedAtMillis)
                .isEqualTo(List.of(4000L));
    }
}
