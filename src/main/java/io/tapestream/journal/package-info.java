/**
 * The append-only log that is the only queue: append, read on, roll, recover, checkpoint, retain.
 *
 * <p>Entries come in from the feed's event loop, through the {@link io.tapestream.journal.JournalAppender}; any number
 * of {@link io.tapestream.journal.JournalReader}s, in this process or another, take them out in order. The format is in
 * docs/JOURNAL.md.
 *
 * <p>The appender waits for nothing and touches no file. A keeper thread prepares the next segment, forces, writes the
 * checkpoint and deletes, in {@link io.tapestream.journal.Journal#maintain}. A reader is confined to one thread at a
 * time.
 *
 * <p>What was appended survives the death of the process; a power cut can take what was not forced yet. What is torn or
 * damaged is skipped, counted and listed. A disk that cannot be written is told by an exception of the keeper before a
 * frame is lost: then the process has to stop.
 */
@NullMarked
package io.tapestream.journal;

import org.jspecify.annotations.NullMarked;
