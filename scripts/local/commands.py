"""How each program of the local environment is started."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from options import Options
from surroundings import DATA, LOGS, REGION, ROOT, ZIP, java

STREAM = "stream-finnhub"
TABLE = "ProcessedTradesDynamoDB"
FUNCTION = "FinnhubStreamProcessor"
DEAD_LETTER_QUEUE = "stream-finnhub-dead-letters"
"""Names as conf/aws/local.json gives them."""

MARKET_LOG = DATA / "market.ndjson"
DELIVERED_LOG = DATA / "delivered.ndjson"
"""What a proxy before the market has delivered, where there is one."""
DAMAGE_LOG = DATA / "damage.ndjson"
"""What was damaged on purpose of the journal; there if something was."""
FUNCTION_LOG = LOGS / "function.log"
REQUEST_LOG = LOGS / "aws-requests.ndjson"

DRAIN_SECONDS = 600
"""How long the function may take for what is left on the stream."""

Command = Sequence[str | PathLike[str]]


@dataclass(frozen=True)
class Aws:
    """Where the local AWS answers, and what it is verified against."""

    endpoint: str
    ca: Path

    @property
    def variables(self) -> dict[str, str]:
        """The variables by which the AWS CLI and botocore find it."""
        return {"AWS_ENDPOINT_URL": self.endpoint, "AWS_CA_BUNDLE": str(self.ca)}

    @property
    def options(self) -> list[str | Path]:
        """The options by which our own programs find it."""
        return ["--endpoint", self.endpoint, "--ca", self.ca, "--region", REGION]


def principal(name: str) -> dict[str, str]:
    """Returns the variable by which the local AWS can tell who calls it."""
    return {"AWS_ACCESS_KEY_ID": f"local-{name}"}


def aws(certificates: Path, ready: Path) -> Command:
    """Serves the local AWS."""
    return [
        *_python("moto_server.py"),
        *("--certificates", certificates, "--ready-file", ready, "--request-log", REQUEST_LOG),
    ]


def provision(shards: int) -> Command:
    """Makes all that the template names, by the same script as in production."""
    return [ROOT / "scripts/provision.sh", "local", "--set", f"ShardCount={shards}"]


def market(options: Options, ready: Path) -> Command:
    """Serves captures as a market."""
    return [
        *java(),
        "market",
        *(part for capture in options.captures for part in ("--capture", capture)),
        *("--rate", str(options.rate), "--loop", "--port", "0"),
        *("--log", MARKET_LOG, "--ready-file", ready),
    ]


def ingester(options: Options, aws: Aws, feed: str, temp: Path) -> Command:
    """Takes the feed, journals and publishes it."""
    settings = {
        "feed.uri": feed,
        "feed.key-lock-directory": str(temp / "keys"),
        "kinesis.stream": STREAM,
        "kinesis.region": REGION,
        "kinesis.endpoint": aws.endpoint,
        "kinesis.ca-file": str(aws.ca),
        "status.port": "0",
    }
    given = dict(setting.split("=", 1) for setting in options.settings)
    properties = [f"-D{name}={value}" for name, value in (settings | given).items()]
    return [*java(*properties), "run", "--env", "local", "--json", "--progress"]


def poller(aws: Aws, temp: Path) -> Command:
    """Stands in for Lambda: hands the stream to the function."""
    return [
        *_python("poller.py"),
        *("--function", FUNCTION, "--zip", ZIP, *aws.options),
        *("--checkpoints", temp / "checkpoints", "--function-log", FUNCTION_LOG),
        *("--status-file", temp / "poller.json", "--drain-seconds", str(DRAIN_SECONDS)),
    ]


def audit(aws: Aws, delivered: Path = MARKET_LOG, stream: Aws | None = None) -> Command:
    """Compares the journal with stream and table, and with what was delivered to the ingester."""
    return [
        *audit_of_stream(aws, delivered, stream),
        *("--table", TABLE, "--dead-letter-queue", DEAD_LETTER_QUEUE),
    ]


def audit_of_stream(aws: Aws, delivered: Path = MARKET_LOG, stream: Aws | None = None) -> Command:
    """Compares the journal with the stream alone, and with what was delivered to the ingester."""
    return [
        *_python("audit.py"),
        *("--journal", DATA / "journal", "--market-log", delivered, *aws.options),
        *("--damage-log", DAMAGE_LOG, "--stream-endpoint", (stream or aws).endpoint),
        *("--stream", STREAM, "--json"),
    ]


def _python(program: str) -> list[str | Path]:
    return [sys.executable, ROOT / "scripts/local" / program]
