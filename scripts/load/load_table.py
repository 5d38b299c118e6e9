"""A load test's figures as a table for a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import load_aims

MILLI = 1000.0


def text(figures: Mapping[str, Any]) -> str:
    """Returns all tables, each with its heading."""
    blocks = [
        _block("catch-up and baselines (CPU of JVM and daemon, a trade)", catch_up_rows(figures)),
        _block("steady (milliseconds)", steady_rows(figures)),
        _block("burst", burst_rows(figures)),
    ]
    if figures.get("shards"):
        blocks.append(_block("one shard with a real one's limits", shard_rows(figures)))
    if figures.get("scale_symbols"):
        blocks.append(_block("scale: catch-up by number of symbols", symbol_rows(figures)))
    if len(figures["steady"]) > 1:
        blocks.append(_block("scale: cost by load", load_rows(figures)))
    if figures.get("idle"):
        blocks.append(_block("idle", idle_rows(figures)))
    blocks.append(_block("aims", load_aims.rows(figures)))
    return "\n".join(blocks)


def catch_up_rows(figures: Mapping[str, Any]) -> list[list[str]]:
    """Returns ours and the baselines."""
    ours = figures["catch_up"]
    rows = [
        [
            "design",
            "trades",
            "at once",
            "trades/s",
            "CPU us",
            "JVM us",
            "daemon us",
            "ratio",
            "records a trade",
            "wire bytes a trade",
        ],
        [
            "tapestream",
            f"{ours['trades']:,}",
            "",
            f"{ours['trades_a_second']:,.0f}",
            f"{ours['cpu_us']:.2f}",
            f"{ours['cpu_us_jvm']:.2f}",
            f"{ours['cpu_us_daemon']:.2f}",
            "1",
            f"{ours['stream_records'] / ours['trades']:.4f}",
            f"{ours['bytes_a_trade']['wire']:.0f}",
        ],
        [
            "its second half",
            "",
            "",
            "",
            f"{ours['cpu_us_second_half']:.2f}",
            "",
            "",
            "",
            "",
            "",
        ],
    ]
    rows.extend(
        [
            taken["kind"],
            f"{taken['trades']:,}",
            f"{taken['concurrency']:,}",
            f"{taken['trades_a_second']:,.0f}",
            f"{taken['cpu_us']:.2f}",
            f"{taken['cpu_us_jvm']:.2f}",
            f"{taken['cpu_us_daemon']:.2f}",
            f"{taken['cpu_ratio']:.1f}",
            f"{taken['stream_records_a_trade']:.4f}",
            f"{taken['wire_bytes_a_trade']:.0f}",
        ]
        for taken in figures["baselines"]
    )
    return rows


def steady_rows(figures: Mapping[str, Any]) -> list[list[str]]:
    """Returns delays and cost at each rate."""
    rows = [
        [
            "trades/s",
            "receipt to hand-over p50",
            "p99",
            "p99.9",
            "receipt to ack p50",
            "p99",
            "p99.9",
            "due to ack p99",
            "due to receipt p99",
            "JVM cores",
            "daemon cores",
            "RssAnon MiB",
        ]
    ]
    for run in figures["steady"]:
        hand_over = run["receipt_to_hand_over_us"]
        acknowledged = run["receipt_to_acknowledgement_us"]
        rows.append(
            [
                f"{run['rate']:,}",
                *(_millis(hand_over.get(q)) for q in ("0.5", "0.99", "0.999")),
                *(_millis(acknowledged.get(q)) for q in ("p50", "p99", "p999")),
                _millis(run["due_to_acknowledgement_us"].get("p99")),
                _millis(run["due_to_receipt_us"].get("p99")),
                f"{run['cores_jvm']:.2f}",
                f"{run['cores_daemon']:.2f}",
                f"{run['peak_anonymous_mib']['jvm']:.0f} + "
                f"{run['peak_anonymous_mib']['daemon']:.0f}",
            ]
        )
    return rows


def burst_rows(figures: Mapping[str, Any]) -> list[list[str]]:
    """Returns how long the burst took."""
    burst = figures["burst"]
    acknowledged = burst["receipt_to_acknowledgement_us"]
    return [
        ["trades", "all acknowledged after s", "receipt to ack p50 ms", "p99 ms"],
        [
            f"{burst['trades']:,}",
            f"{burst['drained_seconds']:.2f}",
            _millis(acknowledged.get("p50")),
            _millis(acknowledged.get("p99")),
        ],
    ]


def shard_rows(figures: Mapping[str, Any]) -> list[list[str]]:
    """Returns what one shard carried, and what its bytes are."""
    shards = figures["shards"]
    sizes = shards["bytes_a_trade"]
    return [
        ["trades/s", "records refused", "line", "in aggregates", "in requests", "on the wire"],
        [
            f"{shards['trades_a_second']:,.0f}",
            f"{shards['refused_records']:,}",
            *(f"{sizes[name]:.0f} B" for name in ("lines", "aggregated", "requests", "wire")),
        ],
    ]


def symbol_rows(figures: Mapping[str, Any]) -> list[list[str]]:
    """Returns the cost by number of symbols."""
    rows = [["symbols", "trades/s", "CPU us", "trades a user record"]]
    rows.extend(
        [
            f"{run['symbols']:,}",
            f"{run['trades_a_second']:,.0f}",
            f"{run['cpu_us']:.2f}",
            f"{run['trades'] / run['user_records']:.1f}",
        ]
        for run in figures["scale_symbols"]
    )
    return rows


def load_rows(figures: Mapping[str, Any]) -> list[list[str]]:
    """Returns the cost by load."""
    rows = [["trades/s", "CPU us a trade", "trades a user record"]]
    rows.extend(
        [
            f"{run['rate']:,}",
            f"{run['cpu_us']:.1f}",
            f"{run['trades'] / run['user_records']:.1f}",
        ]
        for run in figures["steady"]
    )
    return rows


def idle_rows(figures: Mapping[str, Any]) -> list[list[str]]:
    """Returns what it costs when there is nothing to do."""
    rows = [["", "JVM % of a core", "daemon % of a core", "RssAnon MiB"]]
    rows.extend(
        [
            run["name"],
            f"{run['cores_jvm'] * 100:.2f}",
            f"{run['cores_daemon'] * 100:.2f}",
            f"{run['peak_anonymous_mib']['jvm']:.0f} + {run['peak_anonymous_mib']['daemon']:.0f}",
        ]
        for run in figures["idle"]
    )
    return rows


def _millis(micros: float | None) -> str:
    return "" if micros is None else f"{micros / MILLI:.1f}"


def _block(heading: str, rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    return "\n".join([heading, *lines, ""])
