package io.tapestream.kinesis;

import java.util.Locale;

/** How the producer is doing. All but the first mean that nothing has been acknowledged for ten seconds or more. */
public enum ProducerState {
    /** Records are acknowledged, or there are none to be. */
    RUNNING,
    /** There is none, and none could be built. */
    MISSING,
    /** Its daemon is gone, and none that answers has come since. */
    DAEMON_LOST,
    /** It owes results and brings none: the endpoint, or the daemon, says nothing. */
    SILENT,
    /** It brings failures only; the log has their reasons. */
    FAILING;

    /** The state as one word, e.g. {@code daemon-lost}. */
    public String word() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
