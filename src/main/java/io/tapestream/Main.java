package io.tapestream;

import io.tapestream.journal.JournalMismatchException;
import java.io.PrintWriter;
import java.security.Security;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;

/** The program {@code tapestream}: results on stdout, talk on stderr. */
@Command(
        name = "tapestream",
        description = "Lands every trade of a WebSocket market feed, exactly once, in DynamoDB, through Kinesis.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class,
        subcommands = {
            RunCommand.class,
            ReplayCommand.class,
            ReconcileCommand.class,
            MarketCommand.class,
            JournalCommand.class,
            LoadCommand.class,
            ConfigCommand.class
        },
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:fine",
            "1:journal verify found damage, or reconcile a difference",
            "2:usage or configuration",
            "3:could not start, for a named reason",
            "4:stopped with unacknowledged data; it is in the journal and published at the next start",
            "130, 143:stopped by a signal, everything acknowledged"
        })
final class Main {
    static final int OK = 0;
    static final int USAGE = 2;
    static final int CANNOT_START = 3;
    static final int UNACKNOWLEDGED = 4;

    private Main() {}

    /** Runs one command and exits with its code. */
    public static void main(String[] arguments) {
        forgetLookups();
        int code = commandLine().execute(arguments);
        Logs.close();
        System.exit(code);
    }

    /**
     * Has each attempt to connect look its host's name up again: a failure is not remembered for the JVM's 10 seconds,
     * nor is an address for its 30, since a venue may have moved away from it. The JVM reads these once, at the first
     * lookup.
     */
    private static void forgetLookups() {
        Security.setProperty("networkaddress.cache.negative.ttl", "0");
        Security.setProperty("networkaddress.cache.ttl", "0");
    }

    static CommandLine commandLine() {
        return new CommandLine(new Main())
                .setCaseInsensitiveEnumValuesAllowed(true)
                .registerConverter(java.time.Duration.class, DurationText::parse)
                .setExecutionExceptionHandler(Main::explain);
    }

    private static int explain(Exception e, CommandLine command, CommandLine.ParseResult result) {
        PrintWriter err = command.getErr();
        if (e instanceof SettingsException settings) {
            settings.problems().forEach(err::println);
            return USAGE;
        }
        if (e instanceof JournalMismatchException) {
            err.println(e.getMessage());
            return USAGE;
        }
        if (e instanceof CannotStartException) {
            err.println(e.getMessage());
            return CANNOT_START;
        }
        e.printStackTrace(err);
        return CANNOT_START;
    }

    /** The version in the jar's manifest. */
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            String version = Main.class.getPackage().getImplementationVersion();
            return new String[] {"tapestream " + (version == null ? "development" : version)};
        }
    }
}
