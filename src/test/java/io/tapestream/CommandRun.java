package io.tapestream;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;

/**
 * A command of {@code tapestream} that was run to its end in this process. What another thread prints meanwhile is
 * taken for the command's.
 *
 * @param code the exit code
 * @param out what it said on stdout
 * @param err what it said on stderr
 */
record CommandRun(int code, String out, String err) {
    static CommandRun of(String... arguments) {
        PrintStream stdout = System.out;
        PrintStream stderr = System.err;
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        System.setOut(new PrintStream(out, true, UTF_8));
        System.setErr(new PrintStream(err, true, UTF_8));
        try {
            int code =
                    Main.commandLine().setErr(new PrintWriter(err, true, UTF_8)).execute(arguments);
            return new CommandRun(code, out.toString(UTF_8), err.toString(UTF_8));
        } finally {
            System.setOut(stdout);
            System.setErr(stderr);
        }
    }
}
