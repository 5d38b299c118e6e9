/**
 * Reads the table's items, to compare them with what the journal's trades should have become.
 *
 * <p>Ids go in, items come out, and so do those that lines should become; nothing is ever written. Confined to one
 * thread. What the table cannot answer now is asked again with back-off, a bounded number of times; a definite refusal,
 * and the end of that bound, is a {@link io.tapestream.table.TableRefusedException}.
 */
@NullMarked
package io.tapestream.table;

import org.jspecify.annotations.NullMarked;
