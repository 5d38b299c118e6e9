package io.tapestream.kinesis;

import java.util.List;

/** A producer that takes every record and never answers, not even when it is closed. */
public final class StallingKinesisProducer extends FakeKinesisProducer {
    /** Creates it. */
    public StallingKinesisProducer() {}

    @Override
    void answerAtClose(List<Given> unansweredRecords) {
        // Answers nothing.
    }
}
