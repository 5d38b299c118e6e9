package io.tapestream.feed;

import java.time.InstantSource;
import java.util.concurrent.ThreadFactory;
import java.util.random.RandomGenerator;

/**
 * What a feed needs of the world around it, so that a test can give it another one.
 *
 * @param clock time of day, for what is received
 * @param threads makes the event loop's thread, and the one of a name lookup
 * @param random unpredictable: masks frames, spreads waits
 * @param names finds addresses
 */
record Surroundings(InstantSource clock, ThreadFactory threads, RandomGenerator random, NameLookup names) {}
