"""The zip holds what the function needs and nothing else, the same bytes each time."""

from __future__ import annotations

import base64
import hashlib
import http.server
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import package_lambda
import secret_shapes
from stored import line_of
from stream_events import aggregate

ROOT = Path(__file__).parents[3]
LAMBDA = ROOT / "lambda"
NOT_IN_THE_ZIP = {"consumer.py", "shards.py"}
LINE = (
    b'{"trade_id":"oaFAQhSiLwmpCHwfPdCOOQ","symbol":"AAPL","asset_class":"stock",'
    b'"price":164.0601,"volume":5,"traded_at":1680286537580,"received_at":1680286538355,'
    b'"conditions":["1","12"],"feed":"finnhub"}\n'
)


@pytest.fixture(scope="module")
def package() -> Path:
    """The zip, made as people make it."""
    made = subprocess.run(
        [ROOT / "scripts/package-lambda.sh"], capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stderr
    return Path(made.stdout.strip())


@pytest.fixture(scope="module")
def unpacked(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is in it."""
    folder = tmp_path_factory.mktemp("task")
    with zipfile.ZipFile(package) as archive:
        archive.extractall(folder)
    return folder


def test_the_same_sources_give_the_same_bytes(package: Path) -> None:
    before = package.read_bytes()
    subprocess.run([ROOT / "scripts/package-lambda.sh"], check=True, capture_output=True)
    assert package.read_bytes() == before


def test_it_holds_our_modules_and_what_is_pinned_and_nothing_else(package: Path) -> None:
    with zipfile.ZipFile(package) as archive:
        names = archive.namelist()
        assert names == sorted(names)
        assert archive.testzip() is None
    ours = {path.name for path in LAMBDA.glob("*.py")} - NOT_IN_THE_ZIP
    names = [name for name in names if "__pycache__" not in name]
    assert {name for name in names if "/" not in name} - {"six.py", "typing_extensions.py"} == ours
    pins = package_lambda.pins(LAMBDA / "requirements.txt")
    folders = {name.split("/")[0] for name in names if "/" in name}
    infos = {folder for folder in folders if folder.endswith(".dist-info")}
    found = {
        package_lambda.normalised(name): version
        for name, version in (info.removesuffix(".dist-info").split("-") for info in infos)
    }
    assert found == pins
    assert folders - infos == {
        "aws_lambda_powertools",
        "botocore",
        "dateutil",
        "jmespath",
        "urllib3",
    }


def test_of_botocore_only_the_services_that_are_called_are_in_it(package: Path) -> None:
    with zipfile.ZipFile(package) as archive:
        parts = [name.split("/") for name in archive.namelist()]
    services = {part[2] for part in parts if part[:2] == ["botocore", "data"] and len(part) > 3}
    assert services == {"dynamodb", "sqs"}


def test_nothing_of_the_machine_and_no_secret_is_in_it(package: Path) -> None:
    secrets = [
        value.encode()
        for name, value in os.environ.items()
        if name.startswith(("AWS_", "FINNHUB_")) and len(value) > 8
    ]
    with zipfile.ZipFile(package) as archive:
        for entry in archive.infolist():
            assert not entry.filename.endswith((".so", ".pyd"))
            assert entry.date_time == package_lambda.ALL_TIMES
            content = archive.read(entry)
            assert str(ROOT).encode() not in content
            assert not any(secret in content for secret in secrets)
            assert re.search(rb"[?&]token=\w", content) is None, entry.filename
            assert secret_shapes.found_in(content) == [], entry.filename


def test_every_module_has_its_byte_code_and_python_takes_it(unpacked: Path, tmp_path: Path) -> None:
    if sys.version_info[:2] != (3, 13):
        pytest.skip("the zip has the byte code of Python 3.13 only, which did not make it here")
    assert [path for path in unpacked.rglob("*.py") if not compiled(path).is_file()] == []
    shutil.copytree(unpacked, tmp_path / "task")
    unpacked = tmp_path / "task"
    (unpacked / "batch.py").write_text("raise RuntimeError('compiled again')")
    imports_it = f"import sys; sys.path.insert(0, {str(unpacked)!r}); import batch; print(batch)"
    command = [python_of_the_runtime(), "-I", "-S", "-c", imports_it]
    ended = subprocess.run(command, env={}, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr


def compiled(module: Path) -> Path:
    return Path(importlib.util.cache_from_source(module, optimization=""))


class Services(http.server.BaseHTTPRequestHandler):
    """Answers what the function calls, and keeps what it was sent."""

    protocol_version = "HTTP/1.1"
    received: list[tuple[str, dict[str, Any]]]

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        operation = self.headers["X-Amz-Target"].rpartition(".")[2]
        self.received.append((operation, body))
        if operation == "BatchWriteItem":
            answer: dict[str, Any] = {"UnprocessedItems": {}}
        else:
            sent = [
                {"Id": e["Id"], "MessageId": "m", "MD5OfMessageBody": md5(e["MessageBody"])}
                for e in body["Entries"]
            ]
            answer = {"Successful": sent, "Failed": []}
        content = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


def md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


@pytest.fixture
def services() -> Iterator[tuple[str, list[tuple[str, dict[str, Any]]]]]:
    """Where they answer, and what they have received."""
    received: list[tuple[str, dict[str, Any]]] = []
    handler = type("Handler", (Services,), {"received": received})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", received
    server.shutdown()
    thread.join()
    server.server_close()


def python_of_the_runtime() -> str:
    """The Python that the scripts find, 3.13 if there is one on this machine."""
    command = f'root={ROOT}; source "{ROOT}/scripts/lib.sh"; python_program'
    found = subprocess.run(
        ["/usr/bin/env", "bash", "-c", command], capture_output=True, text=True, check=True
    )
    path = shutil.which(found.stdout.strip())
    assert path is not None
    asked = [path, "-c", "import sys; print(sys.executable)"]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()


def stream_record(number: str, data: bytes) -> dict[str, Any]:
    return {
        "kinesis": {
            "partitionKey": "a",
            "sequenceNumber": number,
            "data": base64.b64encode(data).decode(),
        },
        "eventSource": "aws:kinesis",
        "eventID": f"shardId-000000000000:{number}",
        "eventSourceARN": "arn:aws:kinesis:us-east-1:123456789012:stream/stream-finnhub",
    }


PROGRAM = """
import json, sys
sys.path.insert(0, sys.argv[1])
import lambda_function
files = [str(getattr(module, "__file__", "")) for module in list(sys.modules.values())]
outside = [file for file in files if "site-packages" in file]
class Context:
    def get_remaining_time_in_millis(self): return 60_000
answer = lambda_function.lambda_handler(json.loads(sys.stdin.read()), Context())
print(json.dumps({"answer": answer, "outside": outside, "version": sys.version_info[:2]}))
"""


def test_unpacked_alone_it_handles_an_event(
    unpacked: Path, services: tuple[str, list[tuple[str, dict[str, Any]]]]
) -> None:
    endpoint, received = services
    event = {"Records": [stream_record("1", LINE), stream_record("2", b"not a line\n")]}
    ended = subprocess.run(
        [python_of_the_runtime(), "-I", "-S", "-c", PROGRAM, unpacked],
        env={
            "AWS_ACCESS_KEY_ID": "x",
            "AWS_SECRET_ACCESS_KEY": "x",
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": endpoint,
            "DYNAMODB_TABLE_NAME": "T",
            "DEAD_LETTER_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/1/letters",
            "POWERTOOLS_METRICS_NAMESPACE": "Tapestream",
            "POWERTOOLS_SERVICE_NAME": "x",
        },
        input=json.dumps(event),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    told = json.loads(ended.stdout.splitlines()[-1])
    assert told["answer"] == {"batchItemFailures": []}
    assert told["outside"] == []
    (wrote, request), (sent, letters) = received
    assert (wrote, sent) == ("BatchWriteItem", "SendMessageBatch")
    (put,) = request["RequestItems"]["T"]
    assert line_of(put["PutRequest"]["Item"]) == LINE
    (letter,) = letters["Entries"]
    assert json.loads(letter["MessageBody"])["reason"] == "json"


def test_no_protobuf_of_any_version_can_hurt_it(unpacked: Path, tmp_path: Path) -> None:
    """Code that protobuf's compiler has made refuses other versions when it is imported."""
    for package in ("google", "google/protobuf", "aws_kinesis_agg"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").write_text("raise ImportError('of another version')")
    aggregated = base64.b64encode(aggregate([LINE, LINE])).decode()
    program = f"""
import sys
sys.path[:0] = [{str(tmp_path)!r}, {str(unpacked)!r}]
import base64, deaggregation, lambda_function
print(len(deaggregation.deaggregate(base64.b64decode({aggregated!r}))))
assert not {{"google", "aws_kinesis_agg"}} & sys.modules.keys()
"""
    command = [python_of_the_runtime(), "-I", "-S", "-W", "error", "-c", program]
    ended = subprocess.run(command, env={}, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (0, "2\n"), ended.stderr


def test_it_is_imported_without_any_variable(unpacked: Path) -> None:
    program = f"import sys; sys.path.insert(0, {str(unpacked)!r}); import lambda_function"
    command = [python_of_the_runtime(), "-I", "-S", "-W", "error", "-c", program]
    ended = subprocess.run(command, env={}, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
