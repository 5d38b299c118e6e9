/**
 * What every client of AWS shares: which certificates it trusts, and what its failures mean.
 *
 * <p>Settings and the SDK's exceptions come in; clients and words to decide by go out. Any thread. Nothing is retried
 * here.
 */
@NullMarked
package io.tapestream.aws;

import org.jspecify.annotations.NullMarked;
