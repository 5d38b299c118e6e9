package io.tapestream;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigRenderOptions;
import com.typesafe.config.ConfigValue;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code tapestream config}: the effective settings, each with the file and line it comes from; the key is masked. */
@Command(
        name = "config",
        description = "Prints the effective settings and where each comes from.",
        mixinStandardHelpOptions = true)
final class ConfigCommand implements Callable<Integer> {
    @Mixin
    private SettingsOptions options = new SettingsOptions();

    @Option(names = "--json", description = "print the settings as one JSON object, without their origins")
    private boolean json;

    @Override
    public Integer call() {
        options.layers().load(options.environment(), false);
        Map<String, ConfigValue> values = new TreeMap<>();
        Config config = options.layers().resolve(options.environment());
        config.entrySet().forEach(entry -> values.put(entry.getKey(), entry.getValue()));
        ConfigRenderOptions concise = ConfigRenderOptions.concise();
        StringBuilder out = new StringBuilder(json ? "{" : "");
        values.forEach((path, value) -> {
            String shown = path.equals(SettingsLayers.KEY_PATH) ? "\"***\"" : value.render(concise);
            if (json) {
                out.append(out.length() == 1 ? "" : ",")
                        .append('"')
                        .append(path.replace("\"", "\\\""))
                        .append("\":")
                        .append(shown);
            } else {
                out.append(path)
                        .append(" = ")
                        .append(shown)
                        .append("  # ")
                        .append(SettingsLayers.describe(value.origin()))
                        .append(System.lineSeparator());
            }
        });
        System.out.println(json ? out.append('}') : out.toString().stripTrailing());
        return Main.OK;
    }
}
