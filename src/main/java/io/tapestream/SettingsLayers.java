package io.tapestream;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigOrigin;
import com.typesafe.config.ConfigOriginFactory;
import com.typesafe.config.ConfigParseOptions;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueFactory;
import io.tapestream.feed.ApiKey;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Brings the layers of the configuration together, later ones winning: {@code reference.conf}, {@code conf/<env>.conf},
 * {@code conf/application.properties}, environment variables, -D.
 *
 * <p>The API key is taken from {@code application.properties} and the environment only: on a command line every user of
 * the host could read it, and the other files are committed.
 */
final class SettingsLayers {
    static final String KEY_PATH = "finnhub.api.key";

    private static final String FORCE = "CONFIG_FORCE_";
    private static final List<String> SECTIONS =
            List.of("feed", "journal", "record", "kinesis", "table", "lease", "status", "run", "log", "finnhub");

    /** Variables with a name of their own, the first of those that name one setting before the later ones. */
    private static final List<Map.Entry<String, String>> VARIABLES = List.of(
            Map.entry("FINNHUB_API_KEY", KEY_PATH),
            Map.entry("AWS_REGION", "kinesis.region"),
            Map.entry("AWS_ENDPOINT_URL_KINESIS", "kinesis.endpoint"),
            Map.entry("AWS_ENDPOINT_URL", "kinesis.endpoint"),
            Map.entry("AWS_ENDPOINT_URL_DYNAMODB", "table.endpoint"),
            Map.entry("AWS_ENDPOINT_URL", "table.endpoint"));

    private static final Pattern PROPERTY_VALUE = Pattern.compile("\\s*[=:\\s].*");

    private final Path confDirectory;
    private final Map<String, String> variables;
    private final Map<String, String> properties;
    private final List<String> problems = new ArrayList<>();

    /**
     * Creates the layers of one load.
     *
     * @param confDirectory folder of the configuration files
     * @param variables the process's environment
     * @param properties -D properties, those of the JVM and those of the command
     */
    SettingsLayers(Path confDirectory, Map<String, String> variables, Map<String, String> properties) {
        this.confDirectory = confDirectory;
        this.variables = variables;
        this.properties = properties;
    }

    /**
     * Reads and checks everything.
     *
     * @param needsFeed whether the command at hand connects to a venue: then a missing key and missing symbols are
     *     problems
     * @throws SettingsException names every problem
     */
    Settings load(String environment, boolean needsFeed) {
        Config config = resolve(environment);
        ApiKey key = needsFeed ? key(config) : null;
        SettingsReader reader = new SettingsReader(config, problems);
        if (needsFeed && reader.texts("feed.symbols").isEmpty()) {
            reader.problem(
                    "feed.symbols",
                    "no symbol to subscribe (list the venue's symbols in conf/" + environment + ".conf)");
        }
        return Settings.from(environment, config, key, reader);
    }

    /** All layers as one configuration whose values know their origin. */
    Config resolve(String environment) {
        Path environmentFile = confDirectory.resolve(environment + ".conf");
        if (!Files.isRegularFile(environmentFile)) {
            throw new SettingsException(
                    List.of("unknown environment: env=" + environment + " (" + environments(environmentFile) + ")"));
        }
        Config reference = ConfigFactory.parseResources(
                getClass().getClassLoader(),
                "reference.conf",
                ConfigParseOptions.defaults().setAllowMissing(false));
        refuseKey(properties.containsKey(KEY_PATH), "-D", "every user of this host can read a command line");
        Config ofEnvironment = parse(environmentFile);
        refuseKey(ofEnvironment.hasPath(KEY_PATH), environmentFile.toString(), "this file is committed");
        List<Config> layers = List.of(
                fromProperties(),
                fromVariables(),
                parse(confDirectory.resolve("application.properties")),
                ofEnvironment);
        Config all = ConfigFactory.empty();
        for (Config layer : layers) {
            noteUnknownSettings(layer, reference);
            all = all.withFallback(layer);
        }
        try {
            return all.withFallback(reference).resolve();
        } catch (ConfigException e) {
            throw new SettingsException(List.of(e.getMessage() + " (remove the reference or define what it names)"));
        }
    }

    private void refuseKey(boolean present, String where, String why) {
        if (present) {
            problems.add(
                    where + ": " + KEY_PATH + ": refused here, " + why
                            + " (set it in conf/application.properties, in FINNHUB_API_KEY, or in a file that FINNHUB_API_KEY_FILE names)");
        }
    }

    private String environments(Path missing) {
        try (Stream<Path> files = Files.list(confDirectory)) {
            String names = files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(".conf"))
                    .map(name -> name.substring(0, name.length() - ".conf".length()))
                    .sorted()
                    .collect(Collectors.joining(", "));
            return "expected: " + (names.isEmpty() ? "" : names + ", or ") + "one with a file " + missing;
        } catch (IOException e) {
            return "no folder " + confDirectory.toAbsolutePath()
                    + ": run from the project's folder, or name the folder with --conf";
        }
    }

    private static Config parse(Path file) {
        try {
            Config parsed = ConfigFactory.parseFile(
                    file.toFile(), ConfigParseOptions.defaults().setAllowMissing(true));
            return file.toString().endsWith(".properties") ? withLines(parsed, file) : parsed;
        } catch (ConfigException e) {
            // the library quotes what it could not parse, and that may be the key
            throw unparsable(e.origin() == null ? file.toString() : describe(e.origin()));
        } catch (IllegalArgumentException e) { // the JDK's, of a broken escape in a .properties file
            throw unparsable(file.toString());
        }
    }

    private static SettingsException unparsable(String where) {
        return new SettingsException(
                List.of(where + ": cannot be parsed (expected: HOCON, or lines key=value in a .properties file)"));
    }

    /** The library tells the lines of its own format only. */
    private static Config withLines(Config parsed, Path file) {
        if (parsed.isEmpty()) {
            return parsed;
        }
        Map<String, ConfigValue> values = new HashMap<>();
        parsed.entrySet().forEach(entry -> values.put(entry.getKey(), entry.getValue()));
        Config told = parsed;
        try {
            int number = 0;
            for (String line : Files.readAllLines(file, StandardCharsets.ISO_8859_1)) {
                number++;
                String path = PROPERTY_VALUE.matcher(line.strip()).replaceFirst("");
                ConfigValue value = values.get(path);
                if (value != null) {
                    told = told.withValue(path, value.withOrigin(value.origin().withLineNumber(number)));
                }
            }
        } catch (IOException e) {
            return parsed; // it can still be said which file it is
        }
        return told;
    }

    /** A misspelt setting must not be a default in silence. */
    private void noteUnknownSettings(Config layer, Config reference) {
        for (Map.Entry<String, ConfigValue> entry : layer.entrySet()) {
            String path = entry.getKey();
            if (!reference.hasPathOrNull(path) && !path.startsWith("record.venues.")) {
                problems.add(describe(entry.getValue().origin()) + ": " + path
                        + ": unknown setting (see reference.conf for all; correct its name or remove it)");
            }
        }
    }

    private Config fromProperties() {
        Map<String, Object> ours = new HashMap<>();
        properties.forEach((path, value) -> {
            boolean isOurs = SECTIONS.stream().anyMatch(section -> path.startsWith(section + "."));
            if (isOurs && !path.equals(KEY_PATH)) {
                ours.put(path, value(value, "-D" + path));
            }
        });
        return ConfigFactory.parseMap(ours, "-D");
    }

    private Config fromVariables() {
        Map<String, Object> values = new HashMap<>();
        variables.forEach((name, value) -> {
            if (name.startsWith(FORCE)) {
                values.put(pathOf(name.substring(FORCE.length())), value(value, "environment variable " + name));
            }
        });
        for (Map.Entry<String, String> variable : VARIABLES) {
            String value = variables.get(variable.getKey());
            if (value != null) {
                values.putIfAbsent(variable.getValue(), value(value, "environment variable " + variable.getKey()));
            }
        }
        return ConfigFactory.parseMap(values, "environment variable");
    }

    /** The library's own rule for such names: {@code _} is a dot, {@code __} a hyphen, {@code ___} an underscore. */
    private static String pathOf(String name) {
        return name.replace("___", "\u0000")
                .replace("__", "-")
                .replace('_', '.')
                .replace('\u0000', '_');
    }

    /** Text as it is, but a list where it is written as one. */
    private static ConfigValue value(String text, String origin) {
        if (text.startsWith("[")) {
            try {
                return ConfigFactory.parseString("v = " + text)
                        .getValue("v")
                        .withOrigin(ConfigOriginFactory.newSimple(origin));
            } catch (ConfigException e) {
                return ConfigValueFactory.fromAnyRef(text, origin);
            }
        }
        return ConfigValueFactory.fromAnyRef(text, origin);
    }

    private @Nullable ApiKey key(Config config) {
        String file = variables.get("FINNHUB_API_KEY_FILE");
        String key;
        if (file != null && !variables.containsKey("FINNHUB_API_KEY")) {
            try {
                key = Files.readString(Path.of(file)).strip();
            } catch (IOException | UncheckedIOException e) {
                problems.add("environment variable FINNHUB_API_KEY_FILE: no readable file: file=" + file
                        + " (name a file that holds the key and nothing else)");
                return null;
            }
        } else {
            key = config.getString(KEY_PATH).strip();
        }
        if (key.isEmpty()) {
            problems.add("settings: " + KEY_PATH + ": no api key (set it in "
                    + confDirectory.resolve("application.properties")
                    + ", in FINNHUB_API_KEY, or in a file that FINNHUB_API_KEY_FILE names)");
            return null;
        }
        return ApiKey.of(key);
    }

    static String describe(ConfigOrigin origin) {
        String file = origin.filename();
        return file == null || origin.lineNumber() < 1 ? origin.description() : file + ":" + origin.lineNumber();
    }
}
