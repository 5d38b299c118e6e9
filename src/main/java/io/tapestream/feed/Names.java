package io.tapestream.feed;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ThreadFactory;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Finds where to connect to, anew for each attempt, on a thread of its own since a lookup may wait. A lookup that
 * outlives its attempt is waited for by the next one; so there is at most one. Confined to the event loop.
 */
final class Names {
    private final NameLookup lookup;
    private final ThreadFactory threads;
    private @Nullable CompletableFuture<List<InetAddress>> pending;
    private int turn;

    Names(NameLookup lookup, ThreadFactory threads) {
        this.lookup = lookup;
        this.threads = threads;
    }

    /** Tells an address of the host, each time the next of several, or the failure; on another thread. */
    void find(String host, BiConsumer<? super @Nullable InetAddress, ? super @Nullable Throwable> found) {
        int now = turn++;
        if (pending == null || pending.isDone()) {
            CompletableFuture<List<InetAddress>> started = new CompletableFuture<>();
            threads.newThread(() -> complete(started, host)).start();
            pending = started;
        }
        var unused = pending.thenApply(addresses -> addresses.get(Math.floorMod(now, addresses.size())))
                .whenComplete(found);
    }

    private void complete(CompletableFuture<List<InetAddress>> result, String host) {
        try {
            result.complete(lookup.addressesOf(host));
        } catch (UnknownHostException | RuntimeException e) {
            result.completeExceptionally(e);
        }
    }

    /** The failure itself, without the wrapping of a future. */
    static Throwable unwrapped(Throwable failure) {
        return failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
    }
}
