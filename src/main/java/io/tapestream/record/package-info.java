/**
 * Turns a frame's trades into user records: identity, normalised encoding, bucket, packing.
 *
 * <p>Frames come in by journal position; packed user records go out. Confined to the publisher thread. What cannot be
 * right is rejected alone and counted. The layout is in docs/RECORDS.md.
 */
@NullMarked
package io.tapestream.record;

import org.jspecify.annotations.NullMarked;
