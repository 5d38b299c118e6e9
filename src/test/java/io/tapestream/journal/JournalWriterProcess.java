package io.tapestream.journal;

import static io.tapestream.journal.JournalFolder.NOW;
import static io.tapestream.journal.JournalFolder.SETTINGS_JSON;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** A process of its own that writes a journal as fast as it can, and says the number of each frame it has appended. */
final class JournalWriterProcess implements AutoCloseable {
    private final Process process;
    private final BufferedReader said;

    private JournalWriterProcess(Process process) {
        this.process = process;
        this.said = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.US_ASCII));
    }

    static JournalWriterProcess start(Path directory) throws IOException {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        "-Xshare:auto",
                        "-XX:TieredStopAtLevel=1",
                        JournalWriterProcess.class.getName(),
                        directory.toString())
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        return new JournalWriterProcess(process);
    }

    long pid() {
        return process.pid();
    }

    /** The number of a frame that has been appended. */
    long awaitFrame() throws IOException {
        String line = said.readLine();
        if (line == null) {
            throw new IOException("writer process ended by itself");
        }
        return Long.parseLong(line);
    }

    /** Kills it without any warning; returns the last number it said. */
    long kill() throws IOException, InterruptedException {
        // Through its handle: the process itself would close the stream that holds its last words.
        process.toHandle().destroyForcibly();
        process.waitFor(10, TimeUnit.SECONDS);
        long last = -1;
        for (String line = said.readLine(); line != null; line = said.readLine()) {
            // The last line may be torn as well.
            last = said.ready() ? Long.parseLong(line) : last;
        }
        return last;
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }

    /** Appends frames, the number of each in its payload, until it is killed or nobody listens. */
    public static void main(String[] arguments) {
        PrintStream out = System.out;
        try (Journal journal = new JournalFolder(Path.of(arguments[0])).open()) {
            JournalAppender appender = journal.appender();
            appender.openSession(false, SETTINGS_JSON, NOW);
            for (long number = 0; number < 1_000_000 && !out.checkError(); number++) {
                byte[] payload = Long.toString(number).getBytes(StandardCharsets.US_ASCII);
                appender.append(EntryType.FRAME, ByteBuffer.wrap(payload), NOW);
                out.println(number);
                journal.maintain(0, false);
            }
        }
    }
}
