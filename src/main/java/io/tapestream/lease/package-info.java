/**
 * The lease on a key that keeps all hosts but one off it: a row of a table in DynamoDB, taken, renewed and given back.
 *
 * <p>Settings and the key's hash come in; grants go out, to whoever implements
 * {@link io.tapestream.feed.KeyLease.Holder}. The calls are made by a thread of its own, one at a time. A grant ends by
 * itself at a time that lies before the one at which the table lets anybody else have the lease, so that nothing has to
 * be reached to be safe. What the table does not answer is asked again for as long as it takes; at start, a definite
 * refusal is a {@link io.tapestream.lease.LeaseRefusedException}.
 */
@NullMarked
package io.tapestream.lease;

import org.jspecify.annotations.NullMarked;
