"""What docs/OPERATIONS.md names is there, by that name.

The page's convention: a block marked `log` holds lines as they are written, with `<...>` for values
and the level before it if it is logged; a block marked `sh` holds commands; what is in code font
is a name, or a piece of a line. Tables whose first column is headed kind, alarm, metric, field or
code name things of that kind there.
"""

from __future__ import annotations

import json
import re

import pytest

import fault_kinds
import source_names
import source_texts
from source_texts import PLACEHOLDER, ROOT

PAGE = (ROOT / "docs/OPERATIONS.md").read_text()
PROSE = re.sub(r"^```.*?^```", "", PAGE, flags=re.DOTALL | re.MULTILINE)
FOREIGN_CODES = {"137"}
FOREIGN = {
    *("Daemon silent for 3606035ms", "Failed to emit UnhealthyDaemon metric to CloudWatch"),
    *("KinesisProducer", "LogInputStreamReader", "kinesis_producer"),
    *("Error in child process", "Child process exited with code 137", "ResourceNotFoundException"),
    *("dmesg", "chronyc tracking", "timedatectl", "kill -9", "kill -TERM", "UUID"),
    *("Restart=on-failure", "RestartPreventExitStatus=2", "RestartSec=10", "TimeoutStopSec=60"),
    *(
        "<...>",
        "more=<number>",
        "_",
        ".",
        "-",
        "_total",
        "E",
        "data/<env>/journal",
        "data/<env>/kpl",
    ),
    *("data/prod/journal", "/aws/lambda/FinnhubStreamProcessor", "1006", "1012", "1013"),
}
"""Names that are not ours, or that are made at run time."""
LEAST_LENGTH = 6
"""Of a piece of a line."""


def blocks(kind: str) -> list[str]:
    """Returns the lines of the blocks that are marked so."""
    found = re.findall(rf"^```{kind}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    return [line for block in found for line in block.splitlines()]


def spans(text: str) -> list[str]:
    """Returns what is in code font."""
    return re.findall(r"`([^`\n]+)`", text)


def first_cells(heading: str) -> list[str]:
    """Returns the first cells of the rows of all tables whose first column has this heading."""
    found = re.findall(rf"^\| {heading} \|.*\n\|[ -|]+\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    return [row.split(" | ")[0].removeprefix("| ") for rows in found for row in rows.splitlines()]


def names_in(heading: str) -> set[str]:
    return {name for cell in first_cells(heading) for name in spans(cell)}


@pytest.mark.parametrize("line", blocks("log"))
def test_a_line_of_a_log_is_written_so(line: str) -> None:
    if line.startswith("{"):
        said = json.loads(line)
        level, line = said.pop("level"), said.pop("message")
        function = (ROOT / "lambda/lambda_function.py").read_text()
        assert [name for name in said if f'"{name}": ' not in function] == []
    else:
        parts = re.fullmatch(r"(?:(INFO|WARN|ERROR) )?(.*)", line)
        assert parts is not None
        level, line = parts[1] or "", parts[2]
    levels = source_texts.levels_of(line)
    assert levels is not None, "no source writes this line"
    assert levels == ({level.lower()} if level else set()), "not logged at this level"


@pytest.mark.parametrize("line", [line for line in blocks("sh") if not line.startswith("E=")])
def test_a_command_and_its_options_are_there(line: str) -> None:
    assert source_names.problem_of_command(line) == ""


@pytest.mark.parametrize("span", sorted(set(spans(PROSE)) - FOREIGN))
def test_what_is_in_code_font_is_known(span: str) -> None:
    if span.startswith(("scripts/", "java -jar", "aws ")):
        assert source_names.problem_of_command(span) == "" or (ROOT / span).is_file()
    elif span.startswith(("conf/", "src/")):
        assert (ROOT / span).exists()
    elif re.fullmatch(r"(feed|journal|record|kinesis|lease|run|log|status|table)\.[a-z.*-]+", span):
        assert span.rstrip("*") in source_names.metrics() | source_names.settings()
    elif "_total" in span:
        found = {name.replace(".", "_").replace("-", "_") for name in source_names.metrics()}
        told = re.findall(r"[a-z]+(?:_[a-z]+)+", span)
        assert {name.removesuffix("_total") for name in told} <= found
    else:
        assert is_said(span)


def is_said(span: str) -> bool:
    """Whether a name, or a piece of a line, is in the sources' texts, settings or template."""
    texts = source_texts.texts()
    if span in source_texts.constants() or span in fault_kinds.KINDS:
        return True
    if len(span) >= LEAST_LENGTH and any(span in text.template for text in texts):
        return True
    names = "".join(
        (ROOT / name).read_text()
        for name in (
            "conf/aws/template.yaml",
            "src/main/resources/reference.conf",
            "src/main/java/io/tapestream/feed/FeedClient.java",
            "src/main/java/io/tapestream/JournalCommand.java",
            "conf/aws/prod.json",
        )
    )
    words = {span, span.upper()} if span.isalpha() and span.islower() else {span}
    if any(re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", names) for word in words):
        return True
    if source_names.problem_of_command(f"java -jar target/tapestream.jar {span}") == "":
        return True
    options = {line for text in texts for line in [text.template] if line.startswith("--")}
    return span in options or (PLACEHOLDER not in span and source_texts.levels_of(span) is not None)


def test_every_kind_of_fault_has_a_row_and_every_row_is_a_kind() -> None:
    assert names_in("kind") == set(fault_kinds.KINDS)


def test_every_alarm_of_the_template_has_a_row_and_every_row_is_an_alarm() -> None:
    assert names_in("alarm") == source_names.alarms()
    named = set(re.findall(r"`([A-Za-z]+Alarm)`", PAGE))
    assert named == source_names.alarms()


def test_metrics_fields_and_exit_codes_of_the_tables_are_there() -> None:
    metrics = {name.rstrip("*") for name in names_in("metric")} - {"/health"}
    assert metrics - source_names.metrics() == set()
    assert names_in("field") - source_names.health_fields() == set()
    codes = set(re.findall(r"\d+", " ".join(first_cells("code"))))
    assert codes == source_names.exit_codes() | FOREIGN_CODES


def test_links_lead_to_sections() -> None:
    sections = {
        re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-")
        for title in re.findall(r"^## (.*)$", PAGE, re.MULTILINE)
    }
    assert set(re.findall(r"\]\(#([a-z-]+)\)", PAGE)) - sections == set()


def test_a_line_that_nobody_writes_is_noticed() -> None:
    assert source_texts.levels_of("segment deleted segment=<path> length=5") == {"info"}
    assert source_texts.levels_of("segment removed segment=<path> length=5") is None
    ended = 'session {} venue=<address> reason="silent" retry_in_ms=87'
    assert source_texts.levels_of(ended.format("ended")) == {"warn"}
    assert source_texts.levels_of(ended.format("is over")) is None
    assert source_names.problem_of_command("java -jar target/tapestream.jar journal list")
    assert source_names.problem_of_command("aws sqs receive-message --queue x")
    assert source_names.problem_of_command("scripts/chaos.sh --gentle")
