package io.tapestream.record;

import static io.tapestream.record.PackedFrames.message;
import static io.tapestream.record.PackedFrames.trade;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class RecordLogTest {
    private final Logger logger = (Logger) LoggerFactory.getLogger(RecordPacker.class);
    private final ListAppender<ILoggingEvent> events = new ListAppender<>();
    private final PackedFrames packed = new PackedFrames().position(4096);

    @BeforeEach
    void listen() {
        logger.setLevel(Level.DEBUG);
        events.start();
        logger.addAppender(events);
    }

    @AfterEach
    void listenNoMore() {
        logger.detachAppender(events);
        logger.setLevel(null);
    }

    @Test
    void warnsOfTheFirstRejectedTradeOfEachReason() {
        String zero = trade("AAPL", "0", "1680286537580", "1");
        packed.feed(message(trade(1), zero), message(zero, "7"));

        assertThat(events.list)
                .extracting(ILoggingEvent::toString)
                .containsExactly(
                        "[WARN] trade rejected reason=price position=4096 index=1 (further ones are counted)",
                        "[DEBUG] trade rejected reason=price position=4097 index=0",
                        "[WARN] trade rejected reason=wrong-type position=4097 index=1 (further ones are counted)");
    }

    @Test
    void warnsOfTheFirstBrokenMessageWithoutItsBytes() {
        packed.feed("{\"secret", "{\"data\":[{]");

        assertThat(events.list)
                .extracting(ILoggingEvent::toString)
                .containsExactly(
                        "[WARN] message broken position=4096 length=8 (not whole, valid JSON; further ones are counted)",
                        "[DEBUG] message broken position=4097 length=11");
    }
}
