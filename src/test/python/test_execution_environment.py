"""A function runs in a process of its own, as in AWS; each test starts real ones."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import deployed_function
from deployed_function import DeployedFunction
from event_source_mapping import MAX_EVENT_LENGTH, Answered, Failed
from execution_environment import ExecutionEnvironment, Runnable, StartError, find_python
from processes import wait_until
from test_processes import is_alive

SCRIPTS = Path(__file__).parents[3] / "scripts/local"
ARN = "arn:aws:lambda:us-east-1:123456789012:function:processor"
EVENT = '{"Records":[{"number":1},{"number":2}]}'

Start = Callable[..., ExecutionEnvironment]


def function(**changed: Any) -> DeployedFunction:
    """A function as it could be deployed."""
    settings: dict[str, Any] = {
        "name": "processor",
        "arn": ARN,
        "role_arn": "arn:aws:iam::123456789012:role/processor",
        "handler": "processor.handle",
        "timeout_seconds": 20,
        "memory_megabytes": 512,
        "code_sha256": "",
        "log_group": "/aws/lambda/processor",
        "variables": {"DYNAMODB_TABLE_NAME": "trades"},
        **changed,
    }
    return DeployedFunction(**settings)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts environments with this source; none outlives the test."""
    with contextlib.ExitStack() as stack:

        def start_one(source: str, **changed: Any) -> ExecutionEnvironment:
            deployed = function(**changed)
            return stack.enter_context(
                contextlib.closing(
                    ExecutionEnvironment(runnable(tmp_path, source, deployed), sys.executable)
                )
            )

        yield start_one


def runnable(folder: Path, source: str, deployed: DeployedFunction) -> Runnable:
    task = folder / "task"
    if not task.exists():
        zipped = folder / "function.zip"
        with zipfile.ZipFile(zipped, "w") as archive:
            archive.writestr("processor.py", textwrap.dedent(source))
        deployed_function.unpack(zipped, task)
    endpoint = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    return Runnable(
        deployed.name,
        deployed.arn,
        deployed.timeout_seconds,
        deployed_function.variables_of(deployed, task, "us-east-1", endpoint),
        task,
        folder / "function.log",
    )


def lines(folder: Path) -> list[str]:
    return (folder / "function.log").read_text().splitlines()


def test_a_handler_is_given_the_event_and_its_answer_is_returned(start: Start) -> None:
    environment = start(
        """
        def handle(event, context):
            numbers = [record["number"] for record in event["Records"]]
            return {"numbers": numbers, "text": "\\n\\u20ac"}
        """
    )
    for _ in range(3):
        assert environment.invoke(EVENT) == Answered({"numbers": [1, 2], "text": "\n€"})
    assert not environment.has_ended()


@pytest.mark.parametrize("answer", [None, [], "text", 5, {"batchItemFailures": [{"x": None}]}])
def test_any_answer_that_is_json_comes_back_as_it_is(start: Start, answer: Any) -> None:
    environment = start(f"def handle(event, context): return {answer!r}")
    assert environment.invoke(EVENT) == Answered(answer)


def test_what_a_process_remembers_is_there_at_the_next_event(start: Start) -> None:
    environment = start(
        """
        calls = []
        def handle(event, context):
            calls.append(1)
            return len(calls)
        """
    )
    assert [environment.invoke(EVENT) for _ in range(3)] == [Answered(n) for n in (1, 2, 3)]


def test_a_handler_is_told_about_its_invocation(start: Start) -> None:
    environment = start(
        """
        def handle(event, context):
            first = context.get_remaining_time_in_millis()
            while context.get_remaining_time_in_millis() == first:
                pass
            later = context.get_remaining_time_in_millis()
            return {
                "remaining": [first, later],
                "request": context.aws_request_id,
                "about": [
                    context.function_name,
                    context.function_version,
                    context.invoked_function_arn,
                    context.memory_limit_in_mb,
                    context.log_group_name,
                    context.log_stream_name,
                    context.identity,
                    context.client_context,
                ],
            }
        """
    )
    outcomes = [environment.invoke(EVENT) for _ in range(2)]
    answers = [outcome.answer for outcome in outcomes if isinstance(outcome, Answered)]
    assert len({answer["request"] for answer in answers}) == 2
    for answer in answers:
        first, later = answer["remaining"]
        assert 0 < later < first <= 20_000
        assert answer["about"] == [
            "processor",
            "$LATEST",
            ARN,
            "512",
            "/aws/lambda/processor",
            "local",
            None,
            None,
        ]


def test_a_function_sees_its_own_variables_and_nothing_of_ours(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FINNHUB_API_KEY", "ours")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "ours")
    monkeypatch.setenv("PYTHONPATH", str(SCRIPTS))
    environment = start(
        """
        import os, sys
        def handle(event, context):
            return {"variables": dict(os.environ), "path": sys.path, "modules": list(sys.modules)}
        """
    )
    outcome = environment.invoke(EVENT)
    assert isinstance(outcome, Answered)
    variables = outcome.answer["variables"]
    task = variables.pop("LAMBDA_TASK_ROOT")
    for name in ("LC_CTYPE", "__CF_USER_TEXT_ENCODING"):  # the system's or Python's own doing
        variables.pop(name, None)
    assert variables == {
        "DYNAMODB_TABLE_NAME": "trades",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "local-function",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        "AWS_LAMBDA_FUNCTION_NAME": "processor",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/processor",
        "AWS_LAMBDA_LOG_STREAM_NAME": "local",
        "TZ": ":UTC",
        "_HANDLER": "processor.handle",
    }
    path = outcome.answer["path"]
    assert path[0] == task
    assert not [entry for entry in path if "site-packages" in entry or str(SCRIPTS) in entry]
    assert "site" not in outcome.answer["modules"]


def test_a_package_of_the_machine_cannot_be_imported(start: Start) -> None:
    pytest.importorskip("botocore")
    environment = start(
        """
        def handle(event, context):
            try:
                import botocore
            except ModuleNotFoundError as e:
                return str(e)
        """
    )
    assert environment.invoke(EVENT) == Answered("No module named 'botocore'")


def test_what_a_function_writes_is_in_its_log_by_whole_lines(start: Start, tmp_path: Path) -> None:
    environment = start(
        """
        import logging, sys
        def handle(event, context):
            print("one", "line")
            print("x" * 100_000)
            print("euro \\u20ac, half a pair \\ud800")
            print("to stderr", file=sys.stderr)
            sys.stdout.buffer.write(b"bytes\\n")
            logging.getLogger("of.a.library").warning("told")
            print("no end", end="")
        """
    )
    assert environment.invoke(EVENT) == Answered(None)
    assert lines(tmp_path) == [
        "one line",
        "x" * 100_000,
        "euro €, half a pair \\ud800",
        "to stderr",
        "bytes",
        "[WARNING]\ttold",
        "no end",
    ]


def test_lines_of_several_environments_do_not_mix(start: Start, tmp_path: Path) -> None:
    source = """
        import os
        def handle(event, context):
            for number in range(200):
                print(f"{os.getpid()} {number} " + "x" * 3000)
    """
    environments = [start(source) for _ in range(3)]
    threads = [threading.Thread(target=one.invoke, args=(EVENT,)) for one in environments]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = [line.split(" ") for line in lines(tmp_path)]
    assert len(found) == 600
    assert all(padding == "x" * 3000 for _, _, padding in found)
    for pid in {pid for pid, _, _ in found}:
        assert [int(number) for of, number, _ in found if of == pid] == list(range(200))


def test_an_error_fails_the_invocation_and_is_logged_with_its_trace(
    start: Start, tmp_path: Path
) -> None:
    environment = start(
        """
        def handle(event, context):
            raise ValueError("no such trade")
        """
    )
    assert environment.invoke(EVENT) == Failed("error raised: type=ValueError")
    logged = lines(tmp_path)
    assert logged[:2] == [
        "[ERROR] ValueError: no such trade",
        "Traceback (most recent call last):",
    ]
    assert logged[-1] == "ValueError: no such trade"
    assert not environment.has_ended()
    assert environment.invoke(EVENT) == Failed("error raised: type=ValueError")


def test_an_answer_that_is_not_json_fails_the_invocation(start: Start) -> None:
    environment = start("def handle(event, context): return {1, 2}")
    assert environment.invoke(EVENT) == Failed("error raised: type=TypeError")
    assert not environment.has_ended()


@pytest.mark.parametrize(
    ("statement", "code"),
    [("sys.exit(3)", 3), ("os._exit(0)", 0), ("os.kill(os.getpid(), 9)", -9)],
)
def test_a_process_that_ends_fails_the_invocation(start: Start, statement: str, code: int) -> None:
    environment = start(f"import os, sys\ndef handle(event, context): {statement}")
    assert environment.invoke(EVENT) == Failed(f"process ended: exit_code={code}")
    assert environment.has_ended()
    assert environment.invoke(EVENT) == Failed(f"process ended: exit_code={code}")


@pytest.mark.skipif(sys.platform != "linux", reason="processes are looked for in Linux's /proc")
def test_a_function_that_takes_too_long_is_killed_with_all_that_it_started(
    start: Start, tmp_path: Path
) -> None:
    environment = start(
        """
        import pathlib, subprocess, sys, time
        def handle(event, context):
            command = [sys.executable, "-c", "import time; time.sleep(600)"]
            child = subprocess.Popen(command)
            print(child.pid)
            time.sleep(600)
        """,
        timeout_seconds=1,
    )
    assert environment.invoke(EVENT) == Failed("timed out: timeout_seconds=1")
    assert environment.has_ended()
    (pid,) = lines(tmp_path)
    assert wait_until(lambda: not is_alive(int(pid)), 10)


def test_the_timeout_is_of_one_invocation_and_not_of_several(start: Start) -> None:
    environment = start("def handle(event, context): return 1", timeout_seconds=2)
    end = time.monotonic() + 2.5
    while time.monotonic() < end:
        assert environment.invoke(EVENT) == Answered(1)
    assert not environment.has_ended()


@pytest.mark.parametrize(
    ("source", "handler", "reason"),
    [
        ("import no_such_module", "processor.handle", "error raised: type=ModuleNotFoundError"),
        ("def handle(:", "processor.handle", "error raised: type=SyntaxError"),
        ("x = 1", "processor.handle", "error raised: type=AttributeError"),
        ("x = 1", "other.handle", "error raised: type=ModuleNotFoundError"),
        ("import os; os._exit(9)", "processor.handle", "process ended: exit_code=9"),
    ],
)
def test_a_function_that_cannot_be_imported_fails_every_invocation(
    start: Start, source: str, handler: str, reason: str
) -> None:
    environment = start(source, handler=handler)
    assert environment.invoke(EVENT) == Failed(reason)
    assert environment.has_ended()


def test_a_handler_may_be_in_a_folder(start: Start, tmp_path: Path) -> None:
    (tmp_path / "task/inner").mkdir(parents=True)
    (tmp_path / "task/inner/name_of.py").write_text("def run(event, context): return 'inner'")
    assert start("", handler="inner/name_of.run").invoke(EVENT) == Answered("inner")


def test_an_event_over_the_limit_is_not_handed_over(start: Start) -> None:
    environment = start("def handle(event, context): return len(event)")
    largest = '"' + "x" * (MAX_EVENT_LENGTH - 2) + '"'
    assert environment.invoke(largest) == Answered(MAX_EVENT_LENGTH - 2)
    assert environment.invoke(largest + " ") == Failed(
        f"event too large: length={MAX_EVENT_LENGTH + 1} (at most {MAX_EVENT_LENGTH})"
    )


def test_a_large_event_for_a_process_that_is_gone_fails(start: Start) -> None:
    environment = start("def handle(event, context): return 1")
    assert environment.invoke(EVENT) == Answered(1)
    environment.kill()
    large = '"' + "x" * 1_000_000 + '"'
    assert environment.invoke(large) == Failed("process ended: exit_code=-9")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can tie a child to its parent")
def test_a_function_dies_with_a_poller_that_is_killed(tmp_path: Path) -> None:
    deployed = function()
    made = runnable(
        tmp_path,
        """
        import os, time
        def handle(event, context):
            print(os.getpid())
            time.sleep(600)
        """,
        deployed,
    )
    program = (
        "import json, pathlib, sys\n"
        "from execution_environment import ExecutionEnvironment, Runnable\n"
        "given = json.loads(sys.argv[1])\n"
        "given |= {name: pathlib.Path(given[name]) for name in ('folder', 'log')}\n"
        "ExecutionEnvironment(Runnable(**given), sys.executable).invoke('{}')\n"
    )
    environment = os.environ | {"PYTHONPATH": str(SCRIPTS)}
    given = json.dumps(vars(made), default=str)
    command = [sys.executable, "-c", program, given]
    with subprocess.Popen(command, env=environment) as poller:
        log = tmp_path / "function.log"
        assert wait_until(lambda: log.exists() and log.read_text().endswith("\n"), 20)
        pid = int(log.read_text())
        assert is_alive(pid)
        poller.send_signal(signal.SIGKILL)
    assert wait_until(lambda: not is_alive(pid), 10)


def test_a_python_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(StartError, match=r"no python for the function runs here: tried=\['/no/"):
        find_python("/no/such/python")
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    with pytest.raises(StartError):
        find_python(str(broken))


def test_a_python_that_needs_our_variables_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needy = tmp_path / "python"
    needy.write_text('#!/bin/sh\n[ -n "$OURS" ] && echo "$0"\n')
    needy.chmod(0o755)
    monkeypatch.setenv("OURS", "1")
    with pytest.raises(StartError, match="no python for the function runs here"):
        find_python(str(needy))


def test_without_a_wish_the_python_of_aws_is_taken_where_it_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_python(None) == sys.executable
    (tmp_path / "python3.13").write_text("#!/bin/sh\nexit 127\n")
    (tmp_path / "python3.13").chmod(0o755)
    assert find_python(None) == sys.executable
    (tmp_path / "python3.13").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    assert find_python(None) == sys.executable


def test_an_environment_that_cannot_be_started_is_told(tmp_path: Path) -> None:
    made = runnable(tmp_path, "", function())
    with pytest.raises(StartError, match=r"execution environment could not be started: .*no-such"):
        ExecutionEnvironment(made, "/no-such-python")
