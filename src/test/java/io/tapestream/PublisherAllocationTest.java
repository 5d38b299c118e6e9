package io.tapestream;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The publisher's loop over a million trades allocates for user records, and nothing for trades. */
class PublisherAllocationTest {
    private static final int MILLION = 1_000_000;

    /** Until then pools and windows grow to what the loop needs: three segments of the journal. */
    private static final int FIRST_TRADES = 500_000;

    /** A user record, its put, the views of its bytes, and its places among the outstanding ones. */
    private static final long BYTES_OF_A_USER_RECORD = 512;

    private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private final PublisherBenchmark benchmark = new PublisherBenchmark();
    private long begunBytes;
    private long begunTrades;
    private long begunRecords;

    @AfterEach
    void deleteJournal() throws IOException {
        benchmark.deleteJournal();
    }

    @Test
    void allocatesNothingForATrade() throws IOException {
        benchmark.rounds = (FIRST_TRADES + MILLION) / 1200;
        benchmark.fillJournal();
        benchmark.watch(this::beginAfterTheFirstTrades);

        benchmark.publish();

        long allocated = threads.getCurrentThreadAllocatedBytes() - begunBytes;
        long records = benchmark.userRecords() - begunRecords;
        long trades = benchmark.tradesPublished() - begunTrades;
        assertThat(trades).isGreaterThan(MILLION);
        assertThat(allocated)
                .as("less than a tenth of a byte a trade beside its user record")
                .isLessThan(records * BYTES_OF_A_USER_RECORD + trades / 10);
    }

    private void beginAfterTheFirstTrades() {
        if (begunTrades == 0 && benchmark.tradesPublished() >= FIRST_TRADES) {
            begunTrades = benchmark.tradesPublished();
            begunRecords = benchmark.userRecords();
            begunBytes = threads.getCurrentThreadAllocatedBytes();
        }
    }

    @Test
    void publishesTheSameBytesInEachRun() throws IOException {
        benchmark.rounds = 3;
        benchmark.fillJournal();

        long first = benchmark.publish();

        assertThat(benchmark.tradesPublished()).isEqualTo(3 * 1287);
        assertThat(first).isGreaterThan(150 * benchmark.tradesPublished());
        assertThat(benchmark.publish() - first).isEqualTo(first);
    }
}
