/**
 * Health, metrics and a live page over HTTP, on loopback unless told otherwise.
 *
 * <p>Reads metrics and small snapshots; knows nothing of the pipeline.
 */
@NullMarked
package io.tapestream.status;

import org.jspecify.annotations.NullMarked;
