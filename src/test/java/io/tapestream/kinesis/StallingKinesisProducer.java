package io.tapestream.kinesis;

/** A producer that takes every record and never answers, not even when it is closed. */
public final class StallingKinesisProducer extends FakeKinesisProducer {
    /** Creates it. */
    public StallingKinesisProducer() {}

    @Override
    public void close() {
        // Answers nothing.
    }
}
