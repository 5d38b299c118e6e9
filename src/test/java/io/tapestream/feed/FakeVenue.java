package io.tapestream.feed;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLContext;

/**
 * A venue on a loopback socket that says and does exactly what a test tells it, down to the byte.
 *
 * <p>It answers a handshake properly unless answers are queued, and counts how many sockets were ever open at once.
 */
public final class FakeVenue implements AutoCloseable {
    private static final long PATIENCE_SECONDS = 10;

    /** Closes a connection instead of answering its handshake. */
    public static final String HANG_UP = "";

    private final ServerSocket server;
    private final boolean isTls;
    private final BlockingQueue<FakeVenuePeer> agreed = new LinkedBlockingQueue<>();
    private final ConcurrentLinkedQueue<String> answers = new ConcurrentLinkedQueue<>();
    private final List<FakeVenuePeer> peers = new CopyOnWriteArrayList<>();
    private final List<String> requests = new CopyOnWriteArrayList<>();
    private final AtomicInteger mostOpen = new AtomicInteger();
    private volatile String everyAnswer = "";
    private volatile String greeting = "";
    private volatile String preamble = "";
    private volatile boolean keepsSilent;
    private volatile byte[] afterHandshake = {};

    private FakeVenue(ServerSocket server, boolean isTls) {
        this.server = server;
        this.isTls = isTls;
        Thread acceptor = new Thread(this::accept, "fake-venue");
        acceptor.setDaemon(true);
        acceptor.start();
    }

    /** Listens on a free port, in the clear. */
    public static FakeVenue start() {
        try {
            return new FakeVenue(new ServerSocket(0, 50, InetAddress.getLoopbackAddress()), false);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Listens on a free port with TLS. */
    public static FakeVenue startTls(SSLContext tls) {
        try {
            ServerSocket server =
                    tls.getServerSocketFactory().createServerSocket(0, 50, InetAddress.getLoopbackAddress());
            return new FakeVenue(server, true);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Where it listens: 127.0.0.1 in the clear, localhost with TLS. */
    public URI uri() {
        return URI.create((isTls ? "wss://localhost:" : "ws://127.0.0.1:") + port() + "/");
    }

    public int port() {
        return server.getLocalPort();
    }

    /** Answers the next handshakes with these texts, one each, and closes; {@link #HANG_UP} only closes. */
    public FakeVenue answering(String... heads) {
        answers.addAll(List.of(heads));
        return this;
    }

    /** Answers every handshake with this text, and closes. */
    public FakeVenue alwaysAnswering(String head) {
        everyAnswer = head;
        return this;
    }

    /** Sends these bytes in one write with the answer to each handshake. */
    public FakeVenue sendingAtOnce(byte[] wire) {
        afterHandshake = wire.clone();
        return this;
    }

    /** Speaks first: sends this to whoever connects, and closes. */
    public FakeVenue greeting(String text) {
        greeting = text;
        return this;
    }

    /** Keeps a connection open after an answer of {@link #answering} or {@link #alwaysAnswering}. */
    public FakeVenue keepingSilentAfterwards() {
        keepsSilent = true;
        return this;
    }

    /** Sends this before the proper answer. */
    public FakeVenue sayingBeforeTheAnswer(String head) {
        preamble = head;
        return this;
    }

    /** The next client that has shaken hands. */
    public FakeVenuePeer awaitPeer() {
        try {
            FakeVenuePeer peer = agreed.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
            if (peer == null) {
                throw new AssertionError("no client has shaken hands: requests=" + requests.size());
            }
            return peer;
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** The heads of all requests so far. */
    public List<String> requests() {
        return new ArrayList<>(requests);
    }

    /** How many connections were accepted so far, shaken hands or not. */
    public int connections() {
        return peers.size();
    }

    /** The most sockets that were open at once, as seen from here. */
    public int mostOpen() {
        return mostOpen.get();
    }

    private void accept() {
        while (!server.isClosed()) {
            try {
                serve(server.accept());
            } catch (IOException e) {
                return; // closed
            }
        }
    }

    private void serve(Socket socket) throws IOException {
        FakeVenuePeer peer = new FakeVenuePeer(socket);
        peers.forEach(FakeVenuePeer::graceToSeeTheEnd);
        peers.add(peer);
        int open = (int) peers.stream().filter(FakeVenuePeer::isOpen).count();
        mostOpen.accumulateAndGet(open, Math::max);
        Thread reader = new Thread(() -> talk(peer), "fake-venue-peer");
        reader.setDaemon(true);
        reader.start();
    }

    private void talk(FakeVenuePeer peer) {
        try {
            if (!greeting.isEmpty()) {
                peer.sendRaw(greeting.getBytes(StandardCharsets.UTF_8));
                return;
            }
            String request = peer.readHead();
            requests.add(request);
            String answer = answers.poll();
            if (answer == null && everyAnswer.isEmpty()) {
                peer.sendRaw(preamble.getBytes(StandardCharsets.UTF_8));
                peer.agree(request, afterHandshake);
                agreed.add(peer);
                peer.readFrames();
            } else {
                peer.sendRaw((answer == null ? everyAnswer : answer).getBytes(StandardCharsets.UTF_8));
                if (keepsSilent) {
                    peer.readFrames();
                }
            }
        } catch (IOException | UncheckedIOException e) {
            // the client has gone, which tests look at through awaitEnd
        } finally {
            peer.close();
        }
    }

    @Override
    public void close() {
        try {
            server.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        peers.forEach(FakeVenuePeer::close);
    }
}
