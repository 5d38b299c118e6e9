package io.tapestream.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The analysis as a process: reads what an endpoint received and prints what it counts as JSON. */
@Command(name = "analysis", mixinStandardHelpOptions = true)
final class AnalysisProcess implements Callable<Integer> {
    @Option(names = "--received", required = true, description = "what the endpoint wrote")
    private Path received = Path.of("");

    @Option(names = "--due-offset-millis", description = "how long after its own time each trade was to be sent")
    private @Nullable Long dueOffsetMillis;

    @Option(names = "--warm-up-millis", defaultValue = "0", description = "delays of so long do not count")
    private long warmUpMillis;

    @Option(names = "--lines-out", description = "file that gets the fingerprints of the lines")
    private @Nullable Path linesOut;

    @Option(names = "--lines-of", description = "such a file of another run, in which every line has to be")
    private @Nullable Path linesOf;

    private AnalysisProcess() {}

    /** Reads, prints and ends. */
    public static void main(String[] arguments) {
        System.exit(new CommandLine(new AnalysisProcess()).execute(arguments));
    }

    @Override
    public Integer call() throws Exception {
        Analysis analysis = new Analysis(new Analysis.Options(dueOffsetMillis, warmUpMillis));
        analysis.read(received);
        Map<String, Object> result = analysis.result();
        if (linesOut != null) {
            analysis.lines().write(linesOut);
        }
        if (linesOf != null) {
            result.put("lines_not_ours", analysis.lines().distinctMissingFrom(Fingerprints.read(linesOf)));
        }
        System.out.println(new ObjectMapper().writeValueAsString(result));
        return 0;
    }
}
