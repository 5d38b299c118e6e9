package io.tapestream;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import picocli.CommandLine.Option;

/** The options by which every command finds its settings. */
final class SettingsOptions {
    @Option(
            names = "--env",
            paramLabel = "ENV",
            defaultValue = "local",
            description = "environment: a file conf/ENV.conf (default: ${DEFAULT-VALUE})")
    private String environment = "local";

    @Option(
            names = "--conf",
            paramLabel = "DIR",
            defaultValue = "conf",
            description = "folder of the configuration files (default: ${DEFAULT-VALUE})")
    private Path confDirectory = Path.of("conf");

    @Option(
            names = "-D",
            paramLabel = "SETTING=VALUE",
            description = "sets a setting of reference.conf, before all files; never the key")
    private Map<String, String> properties = new HashMap<>();

    String environment() {
        return environment;
    }

    SettingsLayers layers() {
        Map<String, String> all = new HashMap<>();
        System.getProperties().stringPropertyNames().forEach(name -> all.put(name, System.getProperty(name)));
        all.putAll(properties);
        return new SettingsLayers(confDirectory, System.getenv(), all);
    }

    /** Loads the settings and makes the log as they say; no class with a logger may be touched before. */
    Settings load(boolean needsFeed) {
        Settings settings = layers().load(environment, needsFeed);
        Logs.configure(settings.log());
        return settings;
    }
}
