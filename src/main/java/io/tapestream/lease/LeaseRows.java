package io.tapestream.lease;

import org.jspecify.annotations.Nullable;

/** The one row of a key. Each call is one conditional write, and may have been done even if it was not answered. */
interface LeaseRows extends AutoCloseable {
    /**
     * Takes or renews the lease, if nobody has it, we have it, or the row is still the one given.
     *
     * @param sinceMillis when we took it, for people
     * @param expired what was seen for its whole duration; null for nothing
     * @return null if it is ours now, else who has it
     */
    @Nullable LeaseRow claim(long sinceMillis, @Nullable LeaseRow expired) throws LeaseUnansweredException;

    /** Asks whether the table answers, and changes nothing. */
    void probe() throws LeaseUnansweredException;

    /** Lets anybody have the lease, if we have it. */
    void release() throws LeaseUnansweredException;

    @Override
    void close();
}
