"""All mutations, and the run of chaos that must catch each of them.

One run serves all, so that one run of the unmutated product is the measure for all. By its seed:

    while the table leaves every write unprocessed     the feed opens anew and sends its last
                                                       trades again: the stream holds them twice,
                                                       and one batch does
    while Kinesis throttles everything                 the ingester is killed, and owes seconds of
                                                       trades

Chaos makes the journal's segments so small that what the ingester owes lies in several of them.
"""

from __future__ import annotations

from mutation import Edit, Mutation, Run

JAVA = "src/main/java/io/tapestream"

RUN = Run(
    faults=("kinesis-throttle-all", "kill-ingester", "table-unprocessed-all", "feed-resend"),
    seed=1201,
    seconds=37,
    rate=250,
)

ACKNOWLEDGE_BEFORE_THE_FUTURE = Mutation(
    name="acknowledge-before-the-future",
    invariant="a user record is acknowledged when its future has succeeded",
    # It counts as acknowledged when it is given to the KPL, which keeps it in memory for as long
    # as Kinesis does not take it: the checkpoint passes it, and a kill takes it away.
    edits=(
        Edit(
            f"{JAVA}/kinesis/UserRecordPutter.java",
            "        next.wasPut = true;\n",
            "        next.wasPut = true;\n        acknowledge(next);\n",
        ),
        Edit(
            f"{JAVA}/kinesis/UserRecordPutter.java",
            "} else if (put.record.put == put",
            "} else if (!put.record.isAcknowledged && put.record.put == put",
        ),
    ),
    caught_by="missing",
)

CHECKPOINT_BEFORE_THE_FORCE = Mutation(
    name="checkpoint-before-the-force",
    invariant="the checkpoint passes nothing that is unforced or unacknowledged",
    # The order alone would not show: what a mapped page holds outlives its process, so that only a
    # power cut loses what is unforced; and what was acknowledged is on the stream even then. (That
    # a position is refused which is not forced, CheckpointTest shows.) A checkpoint that waits for
    # nothing is the end of the journal as it is appended: so it passes what is unacknowledged as
    # well, and that shows.
    edits=(
        Edit(
            f"{JAVA}/journal/Keeper.java",
            """\
        sync();
        if (acknowledgedPosition > checkpoint) {
            if (acknowledgedPosition > forcedPosition) {
""",
            """\
        acknowledgedPosition = appender.current().base() + appender.current().limit();
        if (acknowledgedPosition > checkpoint) {
            if (acknowledgedPosition < forcedPosition) {
""",
        ),
        Edit(
            f"{JAVA}/journal/Keeper.java",
            """\
            checkpoint = acknowledgedPosition;
        }
""",
            """\
            checkpoint = acknowledgedPosition;
        }
        sync();
""",
        ),
    ),
    caught_by="missing",
)

DROP_A_SEGMENT = Mutation(
    name="drop-a-segment",
    invariant="every segment is read, in order, until all of it is acknowledged",
    # A reader that is behind goes on at the newest segment. Retention that deletes unacknowledged
    # segments would not show in the table: the audit's own measure is the journal that is left.
    edits=(
        Edit(
            f"{JAVA}/journal/JournalReader.java",
            "            enter(following);\n",
            """\
            Segment newest = segments.last();
            enter(newest == null ? following : newest);
""",
        ),
    ),
    caught_by="missing",
)

REUSE_AN_ORDINAL = Mutation(
    name="reuse-an-ordinal",
    invariant="identical trades of a session have ordinals, and so ids, of their own",
    # The capture holds trades that are the same in every field, as the venue sends them.
    edits=(
        Edit(
            f"{JAVA}/record/IdentityWindow.java",
            "        return trades.add(high, low) + previousTrades.count(high, low);\n",
            "        trades.add(high, low);\n        return 0;\n",
        ),
    ),
    caught_by="missing",
)

SKIP_THE_DEDUPLICATION = Mutation(
    name="skip-the-deduplication",
    invariant="a trade that comes again is not stored again",
    # Without the check alone nothing would show: the id is the table's key, and a request that is
    # refused because it holds a key twice is repeated item by item. What the check stands for is
    # that a trade is in the table once; so what comes again within a batch gets a key of its own.
    edits=(
        Edit(
            "lambda/batch.py",
            "        seen = self._seen.get(piece.id)\n",
            """\
        if piece.id in self._seen:
            piece.item["trade_id"]["S"] += f"-{len(self._seen)}"
        seen = self._seen.get(piece.id)
""",
        ),
    ),
    caught_by="unexpected",
)

REPORT_SUCCESS_ON_UNPROCESSED_ITEMS = Mutation(
    name="report-success-on-unprocessed-items",
    invariant="an item that the table did not process is written again, or reported as failed",
    edits=(
        Edit(
            "lambda/table.py",
            """\
            part.note(left, unprocessed)
            left = unprocessed
            if not left:
                return
""",
            """\
            part.note(left, [])
            return
""",
        ),
    ),
    caught_by="missing",
)

MUTATIONS = (
    ACKNOWLEDGE_BEFORE_THE_FUTURE,
    CHECKPOINT_BEFORE_THE_FORCE,
    DROP_A_SEGMENT,
    REUSE_AN_ORDINAL,
    SKIP_THE_DEDUPLICATION,
    REPORT_SUCCESS_ON_UNPROCESSED_ITEMS,
)
