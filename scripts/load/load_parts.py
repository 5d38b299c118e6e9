"""How each program of a load test is started, and where its files are."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import certificates
from processes import Child, wait_until
from signals import Signals
from surroundings import ROOT, java

STREAM = "stream-load"
ENVIRONMENT = "load"
FOLDER = ROOT / "data/load"
CLASSES = ROOT / "target/bench-classes"
CAPTURES = ROOT / "conf/captures"
START_SECONDS = 60
STOP_SECONDS = 60
WORK_SECONDS = 600

Command = Sequence[str | os.PathLike[str]]


class LoadTestError(Exception):
    """A part of the load test did not do what it is there for."""


@dataclass(frozen=True)
class Load:
    """A load that was made: a journal, and what is in it."""

    journal: Path
    trades: int
    symbols: list[str]


class Parts:
    """Starts the programs of one load test; all they leave is below one folder."""

    def __init__(self, folder: Path, signals: Signals) -> None:
        self.folder = folder
        self._signals = signals
        self.certificates = certificates.ensure(folder / "certificates")
        self._children: list[Child] = []

    def wait_until(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Polls a condition, at most so long, until it holds; raises once a signal has come."""

        def settled() -> bool:
            self._signals.check()
            return condition()

        return wait_until(settled, seconds)

    def start(self, name: str, command: Command) -> Child:
        """Starts a program, with its output beside the run's other files."""
        child = Child(
            name,
            command,
            environment=os.environ,
            directory=ROOT,
            out=self.folder / f"{name}.out",
            err=self.folder / f"{name}.log",
        )
        self._children.append(child)
        return child

    def kill(self) -> None:
        """Kills all that still runs, the newest first."""
        for child in reversed(self._children):
            child.kill()

    def run(self, name: str, command: Command, seconds: float = WORK_SECONDS) -> str:
        """Runs a program to its end and returns what it printed."""
        child = self.start(name, command)
        self.wait_until(lambda: child.exit_code() is not None, seconds)
        if child.exit_code() != 0:
            child.kill()
            raise failure(child)
        return child.out.read_text()

    def make_load(self, name: str, trades: int, *options: str) -> Load:
        """Makes a load of the project's captures."""
        journal = self.folder / f"{name}-load"
        self.write_settings(name, {})
        printed = self.run(
            f"{name}-load",
            [
                *java(),
                "load",
                *self._environment(name),
                *("--json", "--into", journal),
                *("--capture", CAPTURES / "finnhub-aapl-20230331.ndjson"),
                *("--capture", CAPTURES / "crypto-in-finnhub-shape.ndjson"),
                *("--trades", str(trades), *options),
            ],
        )
        made = json.loads(printed)
        return Load(journal, made["trades"], made["symbols"])

    def start_endpoint(self, name: str, *options: str) -> tuple[Child, str]:
        """Starts an acknowledging endpoint; returns it and its address."""
        ready = self.folder / f"{name}-endpoint.ready"
        endpoint = self.start(
            f"{name}-endpoint",
            [
                *bench("EndpointProcess", "-Xmx1g"),
                *("--stream", STREAM, "--certificate", self.certificates.server),
                *("--key", self.certificates.key, "--received", self.received(name)),
                *("--ready-file", ready),
                *options,
            ],
        )
        return endpoint, self._address(endpoint, ready)

    def _address(self, server: Child, ready: Path) -> str:
        self.wait_until(lambda: ready.exists() or server.exit_code() is not None, START_SECONDS)
        if not ready.exists():
            raise failure(server)
        return ready.read_text().strip()

    def received(self, name: str) -> Path:
        """Returns where an endpoint writes down what it received."""
        return self.folder / f"{name}.received"

    def start_market(self, name: str, load: Load, start_delay_millis: int) -> tuple[Child, str]:
        """Starts a market that plays a load as it is due; returns it and its address."""
        ready = self.folder / f"{name}-market.ready"
        market = self.start(
            f"{name}-market",
            [
                *java("-Xmx256m"),
                *("market", "--capture", load.journal, "--speed", "1", "--now"),
                *("--port", "0", "--ready-file", ready, "--max-late", "1h"),
                *("--symbol-limit", str(len(load.symbols))),
                *("--start-delay", f"{start_delay_millis}ms"),
            ],
        )
        return market, self._address(market, ready)

    def start_ingester(self, name: str, settings: Mapping[str, Any]) -> Child:
        """Starts the ingester as scripts/start-market.sh does, with settings of its own."""
        self.write_settings(name, settings)
        return self.start(
            f"{name}-ingester",
            [*java(), "run", *self._environment(name), "--json", "--progress"],
        )

    def write_settings(self, name: str, settings: Mapping[str, Any]) -> None:
        """Writes the configuration of a run."""
        folder = self.folder / f"{name}-conf"
        folder.mkdir(exist_ok=True)
        usual: dict[str, Any] = {
            "kinesis.stream": STREAM,
            "kinesis.ca-file": str(self.certificates.ca),
            "kinesis.temp-directory": str(self.folder / "kpl"),
            "feed.key-lock-directory": str(self.folder / "keys"),
            "journal.directory": str(self.folder / f"{name}-journal"),
            "feed.symbols": ["none"],
        }
        # JSON is HOCON; its keys are paths there unless they are quoted.
        lines = [
            f"{path} = {json.dumps(value)}" for path, value in (usual | dict(settings)).items()
        ]
        (folder / f"{ENVIRONMENT}.conf").write_text("\n".join(lines) + "\n")

    def _environment(self, name: str) -> list[str | Path]:
        return ["--env", ENVIRONMENT, "--conf", self.folder / f"{name}-conf"]

    def analyse(self, name: str, *options: str | Path) -> dict[str, Any]:
        """Counts what an endpoint received."""
        command = [*bench("AnalysisProcess"), "--received", self.received(name), *options]
        return dict(json.loads(self.run(f"{name}-analysis", command)))

    def forget(self, name: str) -> None:
        """Deletes what a run received and journalled, which may be gigabytes."""
        self.received(name).unlink(missing_ok=True)
        for suffix in ("load", "journal"):
            shutil.rmtree(self.folder / f"{name}-{suffix}", ignore_errors=True)


def bench(program: str, *options: str) -> Command:
    """Returns how a program of the bench tree begins: with the options of Java itself, not ours."""
    libraries = f"{ROOT}/target/lib/*:{ROOT}/target/bench-lib/*"
    class_path = f"{CLASSES}:{ROOT}/target/tapestream.jar:{libraries}"
    return [java()[0], *options, "-cp", class_path, f"io.tapestream.bench.{program}"]


def failure(child: Child) -> LoadTestError:
    """Returns what there is to say of a child that failed."""
    end = "\n".join(child.err.read_text(errors="replace").rstrip().splitlines()[-20:])
    return LoadTestError(f"{child.name} failed: code={child.exit_code()}\n{end}")


def last_object(child: Child) -> dict[str, Any]:
    """Returns the last line of a child's output, a JSON object."""
    lines = child.out.read_text().strip().splitlines()
    if not lines:
        raise failure(child)
    return dict(json.loads(lines[-1]))


@contextmanager
def parts(signals: Signals) -> Iterator[Parts]:
    """Yields the parts in an empty folder; kills what runs, and empties the folder, at the end."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    made = Parts(FOLDER, signals)
    try:
        yield made
    finally:
        made.kill()
        for entry in FOLDER.iterdir():
            if entry.suffix not in (".log", ".out"):
                if entry.is_dir():
                    shutil.rmtree(entry, ignore_errors=True)
                else:
                    entry.unlink()
