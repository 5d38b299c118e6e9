package io.tapestream;

import com.codahale.metrics.MetricRegistry;
import io.tapestream.feed.KeyLease;
import io.tapestream.feed.LeasedKey;
import io.tapestream.lease.Holder;
import io.tapestream.lease.LeaseKeeper;
import io.tapestream.lease.LeaseSettings;
import io.tapestream.lease.LeaseStatus;
import io.tapestream.lease.LeaseTable;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.UUID;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The right to use the key, as the settings want it: of this host alone, or by a lease among all hosts. */
final class LeaseStage implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LeaseStage.class);

    private final LeasedKey key;
    private final @Nullable LeaseKeeper keeper;

    private LeaseStage(LeasedKey key, @Nullable LeaseKeeper keeper) {
        this.key = key;
        this.keeper = keeper;
    }

    /**
     * Opens it; where there is a table of leases it is asked, for a bounded time, whether it can be used.
     *
     * @param onFailure takes a defect of the thread that keeps the lease
     * @throws io.tapestream.lease.LeaseRefusedException the table cannot be used
     */
    static LeaseStage open(
            Settings settings, InstantSource clock, MetricRegistry metrics, Consumer<Throwable> onFailure) {
        LeaseSettings lease = settings.lease();
        if (lease == null) {
            return new LeaseStage(new LeasedKey(settings.requiredApiKey(), KeyLease.ofOneHost()), null);
        }
        Holder holder = new Holder(
                UUID.randomUUID().toString(),
                hostName(),
                ProcessHandle.current().pid());
        LeaseTable table = LeaseTable.open(lease, settings.requiredApiKey().fingerprint(), holder);
        boolean isChecked = false;
        try {
            String unreached = table.check();
            isChecked = true;
            if (unreached != null) {
                LOG.warn("table of leases not reached, the feed stands by until it is {}", unreached);
            }
        } finally {
            if (!isChecked) {
                table.close();
            }
        }
        LeaseKeeper keeper =
                new LeaseKeeper(lease, table, new LeaseKeeper.Clocks(clock, System::nanoTime), metrics, onFailure);
        return new LeaseStage(new LeasedKey(settings.requiredApiKey(), keeper), keeper);
    }

    private static String hostName() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            return "unknown";
        }
    }

    /** The key, and when a socket of it may be open. */
    LeasedKey key() {
        return key;
    }

    /** Starts the thread that keeps the lease, if there is one to keep. */
    void start() {
        if (keeper != null) {
            new Threads("lease").newThread(keeper).start();
        }
    }

    /** Whether nobody knows who has the lease, so that the feed waits for want of an answer. */
    boolean isUnanswered() {
        return keeper != null && !keeper.status().isHeld() && !keeper.status().isAnswered();
    }

    /** Adds what an operator would ask of the lease. */
    void describe(Map<String, Object> details) {
        if (keeper == null) {
            return;
        }
        LeaseStatus status = keeper.status();
        details.put("lease_held", status.isHeld());
        details.put("lease_answered", status.isAnswered());
        Holder other = status.holder();
        if (other != null) {
            details.put("lease_holder", other.host());
            details.put("lease_holder_pid", other.pid());
            details.put(
                    "lease_since", Instant.ofEpochMilli(status.sinceMillis()).toString());
        }
    }

    @Override
    public void close() {
        if (keeper != null) {
            keeper.close();
        }
    }
}
