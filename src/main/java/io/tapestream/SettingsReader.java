package io.tapestream;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads typed, checked values and collects every problem with the file and line of its value, so that all are told at
 * once. A value that cannot be used reads as a stand-in that is never used, because {@link #throwIfAnyProblem()}
 * follows.
 */
final class SettingsReader {
    private final Config config;
    private final List<String> problems = new ArrayList<>();

    SettingsReader(Config config, List<String> earlierProblems) {
        this.config = config;
        problems.addAll(earlierProblems);
    }

    void throwIfAnyProblem() {
        if (!problems.isEmpty()) {
            throw new SettingsException(problems);
        }
    }

    /** How many problems were found so far: values that belong together are compared if each of them is good. */
    int problems() {
        return problems.size();
    }

    /** Notes a problem of the value at {@code path}; {@code what} ends with the rule or remedy. */
    void problem(String path, String what) {
        String problem = origin(path) + ": " + path + ": " + what;
        if (!problems.contains(problem)) {
            problems.add(problem);
        }
    }

    /** Notes a problem that no value is the origin of. */
    void problem(String what) {
        problems.add(what);
    }

    boolean isEmpty(String path) {
        return read(path, config::getString, "").isBlank();
    }

    boolean flag(String path) {
        return read(path, config::getBoolean, false);
    }

    long number(String path, long min, long max) {
        return inRange(path, read(path, config::getLong, min), min, max);
    }

    long bytes(String path, long min, long max) {
        return inRange(path, read(path, config::getBytes, min), min, max);
    }

    private long inRange(String path, long value, long min, long max) {
        if (value < min || value > max) {
            problem(path, "out of range: value=" + value + " (expected: " + min + " to " + max + ")");
            return min;
        }
        return value;
    }

    Duration duration(String path, Duration min, Duration max) {
        Duration value = read(path, config::getDuration, min);
        if (value.compareTo(min) < 0 || value.compareTo(max) > 0) {
            problem(path, "out of range: value=" + value + " (expected: " + min + " to " + max + ")");
            return min;
        }
        return value;
    }

    String nonEmpty(String path) {
        String value = read(path, config::getString, "");
        if (value.isBlank()) {
            problem(path, "empty (give a value)");
        }
        return value;
    }

    String text(String path, Pattern pattern, String rule) {
        String value = read(path, config::getString, "");
        if (!pattern.matcher(value).matches()) {
            problem(path, "not usable: value=\"" + value + "\" (expected: " + rule + ")");
        }
        return value;
    }

    String oneOf(String path, List<String> allowed) {
        String value = read(path, config::getString, allowed.get(0));
        if (!allowed.contains(value)) {
            problem(path, "not usable: value=\"" + value + "\" (expected: one of " + String.join(", ", allowed) + ")");
        }
        return value;
    }

    List<String> texts(String path) {
        List<String> values = read(path, config::getStringList, List.of());
        for (String value : values) {
            if (value.isBlank()) {
                problem(path, "has an empty element (remove it)");
            }
        }
        if (Set.copyOf(values).size() != values.size()) {
            problem(path, "names an element twice (remove one)");
        }
        return List.copyOf(values);
    }

    URI uri(String path, Set<String> schemes) {
        String value = read(path, config::getString, "");
        try {
            URI uri = new URI(value);
            if (uri.getScheme() != null && schemes.contains(uri.getScheme()) && uri.getHost() != null) {
                return uri;
            }
        } catch (URISyntaxException e) {
            // told below, without the text of the exception, which may hold a query
        }
        problem(
                path,
                "not an address with host and scheme (expected: "
                        + String.join(" or ", schemes.stream().sorted().toList()) + "://host[:port]/)");
        return URI.create(schemes.iterator().next() + "://localhost/");
    }

    Path path(String path, Path whenEmpty) {
        String value = read(path, config::getString, "");
        return value.isBlank() ? whenEmpty : Path.of(value);
    }

    /** A file of certificates; read here, so that a wrong one is told with all other problems. */
    @Nullable Path certificates(String path) {
        String value = read(path, config::getString, "");
        if (value.isBlank()) {
            return null;
        }
        try (InputStream in = Files.newInputStream(Path.of(value))) {
            if (CertificateFactory.getInstance("X.509").generateCertificates(in).isEmpty()) {
                problem(path, "no certificate in file: file=" + value + " (give a PEM file, or leave it empty)");
            }
        } catch (IOException e) {
            problem(path, "no readable file: file=" + value + " (give a PEM file, or leave it empty)");
        } catch (CertificateException e) {
            problem(path, "not a file of certificates: file=" + value + " (give a PEM file, or leave it empty)");
        }
        return Path.of(value);
    }

    private <T> T read(String path, Function<String, T> getter, T standIn) {
        try {
            return getter.apply(path);
        } catch (ConfigException.Missing e) {
            problem(path, "no value (give one)");
        } catch (ConfigException e) {
            problem(path, detail(e) + " (see the words above it in reference.conf)");
        }
        return standIn;
    }

    /**
     * The library puts the origin in front of its text, which {@link #problem} has already; and it never holds more of
     * the value than the setting itself.
     */
    private static String detail(ConfigException e) {
        String message = String.valueOf(e.getMessage());
        int detail = message.indexOf(": ");
        return detail < 0 || e.origin() == null ? message : message.substring(detail + 2);
    }

    private String origin(String path) {
        return config.hasPathOrNull(path)
                ? SettingsLayers.describe(config.getValue(path).origin())
                : "settings";
    }
}
