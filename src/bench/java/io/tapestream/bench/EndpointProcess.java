package io.tapestream.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The endpoint as a process: serves until it is asked to end, and then prints what it has counted as JSON. */
@Command(name = "endpoint", mixinStandardHelpOptions = true)
final class EndpointProcess implements Callable<Integer> {
    @Option(names = "--stream", required = true)
    private String stream = "";

    @Option(names = "--shards", defaultValue = "1")
    private int shards;

    @Option(names = "--limits", description = "each shard takes no more than a real one")
    private boolean isLimited;

    @Option(names = "--certificate", required = true)
    private Path certificate = Path.of("");

    @Option(names = "--key", required = true)
    private Path key = Path.of("");

    @Option(names = "--received", required = true, description = "file that gets every request that came")
    private Path received = Path.of("");

    @Option(names = "--ready-file", required = true, description = "file that gets the address once it listens")
    private Path readyFile = Path.of("");

    private EndpointProcess() {}

    /** Serves until a signal. */
    public static void main(String[] arguments) {
        System.exit(new CommandLine(new EndpointProcess()).execute(arguments));
    }

    @Override
    public Integer call() throws Exception {
        var shared = new KinesisEndpoint.Shared(
                stream,
                new Shards(shards, isLimited, System::nanoTime),
                new Answers(),
                new EndpointCounts(),
                ReceivedLog.create(received),
                EndpointProcess::halt);
        KinesisEndpoint endpoint = KinesisEndpoint.start(shared, certificate, key);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> finish(endpoint), "stop"));
        Path part =
                Files.writeString(readyFile.resolveSibling(readyFile.getFileName() + ".part"), endpoint.uri() + "\n");
        Files.move(part, readyFile, StandardCopyOption.ATOMIC_MOVE);
        Thread.sleep(Long.MAX_VALUE);
        return 0;
    }

    private static void halt(IOException cause) {
        System.err.println("received requests cannot be written: " + cause);
        Runtime.getRuntime().halt(1);
    }

    private static void finish(KinesisEndpoint endpoint) {
        try {
            endpoint.close();
            System.out.println(
                    new ObjectMapper().writeValueAsString(endpoint.counts().all()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
