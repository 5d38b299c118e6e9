package io.tapestream.replay;

import io.tapestream.frame.Frame;

/** Reads the frames of one capture in order. Confined to one thread; holds one frame, never the whole capture. */
public interface CaptureReader extends AutoCloseable {
    /**
     * Goes to the next frame; false at the end.
     *
     * @throws CaptureException the capture is damaged; names file, line and rule
     * @throws java.io.UncheckedIOException the file cannot be read; names the path
     */
    boolean next();

    /** The frame, with its receive time; valid until {@link #next()}. */
    Frame frame();

    @Override
    void close();
}
