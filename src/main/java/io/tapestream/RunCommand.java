package io.tapestream;

import java.time.Duration;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code tapestream run}: the main job, until a signal, a failure or the given time. */
@Command(
        name = "run",
        description = "Takes the feed and publishes it until it is stopped.",
        mixinStandardHelpOptions = true)
final class RunCommand implements Callable<Integer> {
    @Mixin
    private SettingsOptions options = new SettingsOptions();

    @Option(names = "--for", paramLabel = "DURATION", description = "stop this long after the first trade, e.g. 30s")
    private @Nullable Duration runFor;

    @Option(
            names = "--until-hours-end",
            description = "stop when the feed's hours (feed.hours) are over, for a scheduler")
    private boolean untilHoursEnd;

    @Option(names = "--json", description = "print the summary as one JSON object")
    private boolean json;

    @Option(names = "--progress", description = "print a line a second on stderr")
    private boolean progress;

    @Override
    public Integer call() throws InterruptedException {
        Settings settings = options.load(true);
        Run run = new Run(settings, json, System.out);
        Thread hook = new Thread(run::onSignal, "stop");
        Runtime.getRuntime().addShutdownHook(hook);
        return run.toEnd(new Run.Limits(runFor, untilHoursEnd), progress ? System.err : null);
    }
}
