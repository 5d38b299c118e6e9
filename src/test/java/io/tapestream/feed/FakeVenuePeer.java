package io.tapestream.feed;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A client, as a {@link FakeVenue} sees it: one accepted socket. */
public final class FakeVenuePeer implements AutoCloseable {
    private static final long PATIENCE_SECONDS = 10;
    private static final Pattern KEY = Pattern.compile("Sec-WebSocket-Key: (\\S+)");

    /**
     * A frame of the client, unmasked.
     *
     * @param opcode its opcode
     * @param isMasked whether it came masked, as it has to
     * @param payload its payload in Latin-1, a character a byte
     */
    public record Received(int opcode, boolean isMasked, String payload) {
        /** The payload as UTF-8. */
        public String text() {
            return new String(payload.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
        }

        /** The code of a close frame. */
        public int closeCode() {
            return payload.charAt(0) << 8 | payload.charAt(1);
        }
    }

    private final Socket socket;
    private final DataInputStream in;
    private final OutputStream out;
    private final BlockingQueue<Received> received = new LinkedBlockingQueue<>();
    private final CountDownLatch ended = new CountDownLatch(1);

    private volatile boolean answersClose = true;

    FakeVenuePeer(Socket socket) throws IOException {
        this.socket = socket;
        socket.setTcpNoDelay(true);
        this.in = new DataInputStream(socket.getInputStream());
        this.out = socket.getOutputStream();
    }

    String readHead() throws IOException {
        ByteArrayOutputStream head = new ByteArrayOutputStream();
        while (!head.toString(StandardCharsets.ISO_8859_1).endsWith("\r\n\r\n")) {
            head.write(in.readUnsignedByte());
        }
        return head.toString(StandardCharsets.ISO_8859_1);
    }

    void agree(String request, byte[] atOnce) {
        Matcher key = KEY.matcher(request);
        String accept = key.find() ? HandshakeAnswer.acceptOf(key.group(1)) : "";
        byte[] head = ("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        + "Sec-WebSocket-Accept: " + accept + "\r\n\r\n")
                .getBytes(StandardCharsets.ISO_8859_1);
        byte[] all = new byte[head.length + atOnce.length];
        System.arraycopy(head, 0, all, 0, head.length);
        System.arraycopy(atOnce, 0, all, head.length, atOnce.length);
        sendRaw(all);
    }

    void readFrames() throws IOException {
        try {
            while (true) {
                Received frame = readFrame();
                received.add(frame);
                if (frame.opcode() == 8 && answersClose) {
                    sendRaw(frame(0x88, frame.payload().getBytes(StandardCharsets.ISO_8859_1)));
                    return;
                }
            }
        } catch (EOFException e) {
            // the client has closed
        }
    }

    private Received readFrame() throws IOException {
        int opcode = in.readUnsignedByte() & 0x0f;
        int second = in.readUnsignedByte();
        int length = second & 0x7f;
        if (length == 126) {
            length = in.readUnsignedShort();
        }
        boolean isMasked = (second & 0x80) != 0;
        byte[] mask = new byte[4];
        if (isMasked) {
            in.readFully(mask);
        }
        byte[] payload = new byte[length];
        in.readFully(payload);
        for (int i = 0; i < length; i++) {
            payload[i] ^= mask[i & 3];
        }
        return new Received(opcode, isMasked, new String(payload, StandardCharsets.ISO_8859_1));
    }

    /** Does not answer a close frame of the client from now on. */
    public FakeVenuePeer leavingCloseUnanswered() {
        answersClose = false;
        return this;
    }

    /** Sends bytes as they are. */
    public void sendRaw(byte... wire) {
        try {
            out.write(wire);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Sends bytes given in hexadecimal digits. */
    public void sendHex(String wire) {
        sendRaw(HexFormat.of().parseHex(wire));
    }

    /** Sends a text message in one frame. */
    public void sendText(String text) {
        sendRaw(frame(0x81, text.getBytes(StandardCharsets.UTF_8)));
    }

    /** Sends a close frame. */
    public void sendClose(int code, String reason) {
        byte[] text = reason.getBytes(StandardCharsets.UTF_8);
        byte[] payload = new byte[2 + text.length];
        payload[0] = (byte) (code >> 8);
        payload[1] = (byte) code;
        System.arraycopy(text, 0, payload, 2, text.length);
        sendRaw(frame(0x88, payload));
    }

    /** A frame of a server: the first byte as it is, then length and payload. */
    public static byte[] frame(int first, byte[] payload) {
        ByteArrayOutputStream wire = new ByteArrayOutputStream();
        wire.write(first);
        int length = payload.length;
        if (length < 126) {
            wire.write(length);
        } else if (length <= 0xffff) {
            wire.write(126);
            wire.write(length >> 8);
            wire.write(length);
        } else {
            wire.write(127);
            for (int shift = 56; shift >= 0; shift -= 8) {
                wire.write((int) ((long) length >> shift));
            }
        }
        wire.writeBytes(payload);
        return wire.toByteArray();
    }

    /** The next frame of the client. */
    public Received awaitFrame() {
        try {
            Received frame = received.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
            if (frame == null) {
                throw new AssertionError("client has sent no further frame");
            }
            return frame;
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** Waits until the client has closed its socket. */
    public void awaitEnd() {
        try {
            if (!ended.await(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                throw new AssertionError("client has not closed its socket");
            }
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /**
     * A socket closed before another was opened may not have been seen to end yet: the thread that reads it is slow.
     */
    void graceToSeeTheEnd() {
        try {
            boolean unused = ended.await(200, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    boolean isOpen() {
        return ended.getCount() > 0;
    }

    /** Ends the connection with a reset and no close frame. */
    public void reset() {
        try {
            socket.setSoLinger(true, 0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        close();
    }

    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            ended.countDown();
        }
    }
}
