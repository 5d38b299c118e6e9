package io.tapestream;

import io.netty.buffer.ByteBufAllocator;
import io.netty.util.ResourceLeakDetector;
import io.netty.util.ResourceLeakDetectorFactory;
import io.netty.util.ResourceLeakTracker;
import java.lang.ref.Reference;
import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Netty's leak detector at paranoid, so of every buffer, for every test class: one in whose run a buffer was lost
 * without a release fails, with the place where that was made. JUnit finds it by its service file.
 */
public final class NettyLeaks implements BeforeAllCallback, AfterAllCallback {
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final Queue<String> REPORTS = new ConcurrentLinkedQueue<>();
    private static final AtomicLong TRACKED = new AtomicLong();
    private static final AtomicLong OPEN = new AtomicLong();

    static {
        // Before the first buffer: Netty makes its detectors once, when it loads the classes of its buffers.
        ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.PARANOID);
        ResourceLeakDetectorFactory.setResourceLeakDetectorFactory(new Detectors());
    }

    private long trackedBefore;

    @Override
    public void beforeAll(ExtensionContext context) {
        trackedBefore = TRACKED.get();
    }

    @Override
    public void afterAll(ExtensionContext context) throws InterruptedException {
        if (TRACKED.get() == trackedBefore) {
            return;
        }
        List<String> leaks = take();
        if (!leaks.isEmpty()) {
            throw new AssertionError("buffers lost without a release: " + String.join("\n", leaks));
        }
    }

    /** What was lost without a release since the last call, found now; other tests will not be told of it. */
    public static List<String> take() throws InterruptedException {
        // The collector hands over what it found in no order: what comes of a second collection comes after all of the
        // first one's.
        collectGarbage();
        collectGarbage();
        ByteBufAllocator.DEFAULT.buffer(1).release(); // a detector looks when it is given something
        List<String> leaks = new ArrayList<>();
        for (String report = REPORTS.poll(); report != null; report = REPORTS.poll()) {
            leaks.add(report);
        }
        return leaks;
    }

    /** How many buffers are not released, whether lost or in use. */
    public static long openBuffers() {
        return OPEN.get();
    }

    @SuppressWarnings("BanSystemGc") // the leak detector sees what the collector has found
    private static void collectGarbage() throws InterruptedException {
        ReferenceQueue<Object> collected = new ReferenceQueue<>();
        WeakReference<Object> garbage = new WeakReference<>(new Object(), collected);
        try {
            System.gc();
            if (collected.remove(PATIENCE.toMillis()) == null) {
                throw new AssertionError("nothing collected: no leak can be found (expected: no DisableExplicitGC)");
            }
        } finally {
            Reference.reachabilityFence(garbage);
        }
    }

    private static final class Detectors extends ResourceLeakDetectorFactory {
        @Override
        @SuppressWarnings("deprecation") // abstract, so there is no other way to give detectors
        public <T> ResourceLeakDetector<T> newResourceLeakDetector(
                Class<T> resource, int samplingInterval, long maxActive) {
            return new Detector<>(resource, samplingInterval);
        }
    }

    private static final class Detector<T> extends ResourceLeakDetector<T> {
        Detector(Class<?> resourceType, int samplingInterval) {
            super(resourceType, samplingInterval);
        }

        @Override
        public ResourceLeakTracker<T> track(T resource) {
            TRACKED.incrementAndGet();
            OPEN.incrementAndGet();
            return new Tracker<>(super.track(resource));
        }

        /** Where a buffer was made is told; to note each touch of it as well takes a minute in some tests. */
        @Override
        public boolean isRecordEnabled() {
            return false;
        }

        @Override
        protected boolean needReport() {
            return true;
        }

        @Override
        protected void reportTracedLeak(String resourceType, String records) {
            super.reportTracedLeak(resourceType, records);
            REPORTS.add(resourceType + records);
        }

        @Override
        protected void reportUntracedLeak(String resourceType) {
            super.reportUntracedLeak(resourceType);
            REPORTS.add(resourceType);
        }
    }

    /** Netty's own tracker; tells when its resource is released. */
    private record Tracker<T>(ResourceLeakTracker<T> tracker) implements ResourceLeakTracker<T> {
        @Override
        public void record() {
            tracker.record();
        }

        @Override
        public void record(Object hint) {
            tracker.record(hint);
        }

        @Override
        public boolean close(T trackedObject) {
            boolean isFirst = tracker.close(trackedObject);
            if (isFirst) {
                OPEN.decrementAndGet();
            }
            return isFirst;
        }
    }
}
