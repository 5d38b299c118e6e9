package io.tapestream.record;

import static io.tapestream.record.PackedFrames.message;
import static io.tapestream.record.PackedFrames.trade;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.tapestream.record.DocumentedIdentity.Entry;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;
import org.junit.jupiter.api.Test;

class IdentityWindowTest {
    private static final String FRAME = message(trade(1), trade(1), trade(2));

    private final PackedFrames packed = new PackedFrames();

    @Test
    void seesARedeliveryAcrossTheBorderOfASegment() {
        packed.segment(-1, 0).feed(FRAME).segment(0, 64).feed(FRAME);

        assertThat(packed.ids()).hasSize(3);
    }

    @Test
    void seesARedeliveryOfARedelivery() {
        packed.segment(-1, 0)
                .feed(FRAME)
                .segment(0, 64)
                .feed(FRAME)
                .segment(64, 128)
                .feed(FRAME);

        assertThat(packed.ids()).hasSize(3);
        assertThat(packed.counted("redelivered-frames")).isEqualTo(2);
    }

    @Test
    void hasForgottenAFrameTwoSegmentsLater() {
        packed.segment(-1, 0)
                .feed(FRAME)
                .segment(0, 64)
                .feed(message(trade(9)))
                .segment(64, 128)
                .feed(FRAME);

        assertThat(packed.ids()).hasSize(7);
        assertThat(packed.ids().subList(0, 3)).isEqualTo(packed.ids().subList(4, 7));
    }

    @Test
    void countsASegmentWithoutAFrame() {
        packed.segment(-1, 0).feed(FRAME).segment(64, 128).feed(FRAME);

        assertThat(packed.counted("redelivered-frames")).isZero();
        assertThat(packed.ids().subList(0, 3)).isEqualTo(packed.ids().subList(3, 6));
    }

    @Test
    void countsIdenticalTradesAcrossTheBorderOfASegment() {
        packed.segment(-1, 0)
                .feed(message(trade(1)))
                .segment(0, 64)
                .feed(" " + message(trade(1)))
                .segment(64, 128)
                .feed("  " + message(trade(1)));

        List<String> ids = packed.ids();
        assertThat(ids.get(0)).isNotEqualTo(ids.get(1));
        assertThat(ids.get(1)).isEqualTo(ids.get(2));
    }

    @Test
    void neitherPublishesNorCountsWhatItWarmsUpWith() {
        packed.warmUp(FRAME, "{", "{\"type\":\"ping\"}");

        assertThat(packed.ids()).isEmpty();
        assertThat(packed.metrics.getCounters().values())
                .allSatisfy(c -> assertThat(c.getCount()).isZero());
    }

    @Test
    void refusesFramesOutOfOrder() {
        packed.feed(FRAME);
        assertThat(packed.ids()).hasSize(3);

        packed.position(0);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> packed.feed(FRAME))
                .withMessage("frame read out of order: position=0 last=0 (expected: ascending, as in the journal)");
    }

    /** Few different trades and frames, so that they repeat in each way that the window distinguishes. */
    @Provide
    Arbitrary<List<Entry>> journals() {
        Arbitrary<String> frames = Arbitraries.integers()
                .between(1, 2)
                .map(PackedFrames::trade)
                .list()
                .ofMinSize(1)
                .ofMaxSize(3)
                .map(trades -> message(trades.toArray(String[]::new)));
        Arbitrary<int[]> steps = Combinators.combine(
                        Arbitraries.frequency(Tuple.of(6, 0), Tuple.of(3, 1), Tuple.of(1, 2)),
                        Arbitraries.frequency(Tuple.of(9, 0), Tuple.of(1, 1)))
                .as((segments, sessions) -> new int[] {segments, sessions});
        return Combinators.combine(
                        frames.list().ofMinSize(1).ofMaxSize(25), steps.list().ofSize(25), Arbitraries.of(true, false))
                .as((messages, walk, keeps) -> {
                    List<Entry> journal = new ArrayList<>();
                    int segment = 0;
                    long session = 1;
                    for (int i = 0; i < messages.size(); i++) {
                        segment += walk.get(i)[0];
                        session += walk.get(i)[1];
                        journal.add(new Entry(segment, session, keeps && session % 2 == 0, messages.get(i)));
                    }
                    return journal;
                });
    }

    @Property(tries = 200)
    void givesTheIdsOfTheDocumentWhereverReadingBegins(@ForAll("journals") List<Entry> journal) {
        List<List<String>> expected = DocumentedIdentity.ids(journal);
        for (int start = 0; start < journal.size(); start++) {
            assertThat(idsFrom(start, journal))
                    .as("from entry %d", start)
                    .isEqualTo(
                            expected.stream().skip(start).flatMap(List::stream).toList());
        }
    }

    private static List<String> idsFrom(int start, List<Entry> journal) {
        var reader = new PackedFrames(1, 32 << 10);
        int firstSegment = journal.get(start).segment() - 2;
        for (int i = 0; i < journal.size(); i++) {
            Entry entry = journal.get(i);
            if (entry.segment() < firstSegment) {
                continue;
            }
            // Bases are no plain numbers: a segment may begin anywhere after the one before it.
            reader.segment(base(entry.segment() - 1), base(entry.segment())).session(entry.session());
            reader.keepingRedelivered(entry.keepsRedelivered());
            if (i < start) {
                reader.warmUp(entry.message());
            } else {
                reader.feed(entry.message());
            }
        }
        return reader.ids();
    }

    private static long base(int segment) {
        return segment < 0 ? -1 : segment * 4096L + (segment > 3 ? 65_536 : 0);
    }
}
