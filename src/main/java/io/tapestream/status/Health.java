package io.tapestream.status;

import java.util.SortedMap;

/**
 * How the process is doing, at one moment.
 *
 * @param healthy whether it does its work; false answers 503
 * @param state one word, e.g. {@code running}
 * @param details what an operator would ask next, by name
 */
public record Health(boolean healthy, String state, SortedMap<String, Object> details) {}
