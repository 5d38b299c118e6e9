package io.tapestream.journal;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.Field;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Unmaps a buffer at once, where the JDK would leave it to the garbage collector. Whoever touches the buffer afterwards
 * brings the process down, so only {@link Segment} calls it, when it has counted its last user out.
 */
final class Unmapper {
    private static final @Nullable MethodHandle INVOKE_CLEANER = invokeCleaner();

    private Unmapper() {}

    static void unmap(MappedByteBuffer buffer) {
        if (INVOKE_CLEANER == null) {
            return;
        }
        try {
            INVOKE_CLEANER.invokeExact((ByteBuffer) buffer);
        } catch (Throwable e) {
            throw new IllegalStateException("mapped buffer cannot be unmapped: buffer=" + buffer, e);
        }
    }

    // By reflection, because naming sun.misc.Unsafe is a warning that cannot be suppressed.
    private static @Nullable MethodHandle invokeCleaner() {
        try {
            Class<?> unsafe = Class.forName("sun.misc.Unsafe");
            Field instance = unsafe.getDeclaredField("theUnsafe");
            instance.setAccessible(true);
            return MethodHandles.lookup()
                    .findVirtual(unsafe, "invokeCleaner", MethodType.methodType(void.class, ByteBuffer.class))
                    .bindTo(instance.get(null));
        } catch (ReflectiveOperationException e) {
            return null;
        }
    }
}
