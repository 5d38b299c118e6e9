package io.tapestream;

import java.util.List;

/** Settings or arguments that cannot be used; each problem is one sentence with its origin and remedy. */
final class SettingsException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final transient List<String> problems;

    SettingsException(List<String> problems) {
        super(String.join("; ", problems));
        this.problems = List.copyOf(problems);
    }

    SettingsException(RuntimeException cause) {
        super(cause.getMessage(), cause);
        this.problems = List.of(String.valueOf(cause.getMessage()));
    }

    List<String> problems() {
        return problems;
    }
}
