"""Test reports are counted as they are, and skipped container tests are not taken for run ones."""

from __future__ import annotations

from pathlib import Path

import pytest

import test_reports

REPORT = """<testsuite>
<testcase classname="io.tapestream.OneTest" name="a"/>
<testcase classname="io.tapestream.OneTest" name="b"><failure/></testcase>
<testcase classname="io.tapestream.OneTest" name="c"><error/></testcase>
<testcase classname="io.tapestream.KinesisContainerIT" name="d"><skipped/></testcase>
</testsuite>"""


def test_totals(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "TEST-one.xml").write_text(REPORT)
    assert test_reports.main(["totals", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "1 2 1\n"


def test_containers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "TEST-one.xml").write_text(REPORT)
    assert test_reports.main(["containers", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "0 1\n"


def test_no_report_is_nothing_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert test_reports.main(["containers", str(tmp_path / "none")]) == 0
    assert capsys.readouterr().out == "0 0\n"


FIRST = """<testsuite>
<testcase classname="test_one" name="a"/>
<testcase classname="test_one" name="b"><failure/></testcase>
<testcase classname="test_one" name="c"><failure/></testcase>
</testsuite>"""
SECOND = """<testsuite>
<testcase classname="test_one" name="b"/>
<testcase classname="test_one" name="c"><failure/></testcase>
</testsuite>"""


def test_a_second_run_counts_instead_and_what_needed_it_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "integration.xml").write_text(FIRST)
    (tmp_path / "second-run.xml").write_text(SECOND)
    assert test_reports.main(["totals", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "2 1 0\n"
    assert test_reports.main(["flaky", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "test_one.b\n"


@pytest.mark.parametrize("mark", ["flakyFailure", "flakyError"])
def test_what_surefire_ran_again_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], mark: str
) -> None:
    case = f'<testcase classname="io.tapestream.OneTest" name="a"><{mark}/></testcase>'
    (tmp_path / "TEST-one.xml").write_text(f"<testsuite>{case}</testsuite>")
    assert test_reports.main(["totals", str(tmp_path)]) == 0
    assert test_reports.main(["flaky", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "1 0 0\nio.tapestream.OneTest.a\n"
