/**
 * The append-only log that is the only queue: append, read on, roll, recover, checkpoint, retain.
 *
 * <p>The event loop appends, any number of readers read, a keeper thread prepares, forces and deletes. What was
 * appended survives the death of the process. The format is in docs/JOURNAL.md.
 */
@NullMarked
package io.tapestream.journal;

import org.jspecify.annotations.NullMarked;
