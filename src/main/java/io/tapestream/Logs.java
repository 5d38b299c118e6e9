package io.tapestream;

import ch.qos.logback.classic.LoggerContext;
import org.slf4j.LoggerFactory;

/** The log's format and level, set before the first logger is made, and its orderly end. */
final class Logs {
    private Logs() {}

    /**
     * Settings of the log; what each means is in {@code reference.conf}, section {@code log}.
     *
     * @param format {@code text} or {@code json}
     * @param level least level that is logged
     */
    record LogSettings(String format, String level) {}

    static void configure(LogSettings settings) {
        System.setProperty("tapestream.log.format", settings.format());
        System.setProperty("tapestream.log.level", settings.level());
    }

    /** Writes out what is queued; nothing is logged after it. */
    static void close() {
        if (LoggerFactory.getILoggerFactory() instanceof LoggerContext context) {
            context.stop();
        }
    }
}
