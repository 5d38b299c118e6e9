"""The names that the sources give: metrics, settings, health fields, alarms, commands."""

from __future__ import annotations

import re
from functools import cache

import botocore.session
from botocore import xform_name

import cloudformation
import source_texts
from source_texts import ROOT

JAVA = ROOT / "src/main/java/io/tapestream"
STATUS_ADDRESS = "http://127.0.0.1:8321"


def java(name: str) -> str:
    """Returns a source of the ingester, by its path without the ending."""
    return (JAVA / f"{name}.java").read_text()


@cache
def metrics() -> frozenset[str]:
    """Returns the names of the ingester's metrics; one that ends in a dot is a beginning."""
    made = re.compile(r'(?:counter|gauge|registerGauge|register)\(\s*"([a-z]+\.[a-z.-]*)"')
    found = {name for path in JAVA.rglob("*.java") for name in made.findall(path.read_text())}
    codes = re.search(
        r"METRIC_BY_ERROR_CODE = Map.of\((.*?)\);", java("kinesis/KinesisMetrics"), re.DOTALL
    )
    if codes is None:
        raise ValueError("metrics by error code not found: file=KinesisMetrics.java")
    found.discard("kinesis.")
    return frozenset(found | {f"kinesis.{name}" for name in re.findall(r'"([a-z-]+)"', codes[1])})


@cache
def settings() -> frozenset[str]:
    """Returns the paths of all settings."""
    found, sections = set(), []
    text = (ROOT / "src/main/resources/reference.conf").read_text()
    for line in re.sub(r"^\s*#.*$", "", text, flags=re.MULTILINE).splitlines():
        if section := re.match(r"\s*([a-z-]+)\s*\{", line):
            sections.append(section[1])
        elif line.strip() == "}":
            sections.pop()
        elif setting := re.match(r"\s*([a-z.-]+)\s*=", line):
            found.add(".".join([*sections, setting[1]]))
    return frozenset(found)


@cache
def health_fields() -> frozenset[str]:
    """Returns the fields of the health answer."""
    source = java("Ingester") + java("LeaseStage") + java("status/StatusHandler")
    return frozenset(re.findall(r'(?:details|body)\.put\(\s*"(\w+)"', source))


@cache
def alarms() -> frozenset[str]:
    """Returns the names of the template's alarms."""
    resources = cloudformation.parse(cloudformation.TEMPLATE.read_text())["Resources"]
    kind = "AWS::CloudWatch::Alarm"
    return frozenset(name for name, found in resources.items() if found["Type"] == kind)


@cache
def exit_codes() -> frozenset[str]:
    """Returns the exit codes that the program's help or the main script tells."""
    told = re.findall(r'"([0-9, ]+):', java("Main"))
    told += re.findall(r"Exit codes: .*", (ROOT / "scripts/start-market.sh").read_text())
    return frozenset(re.findall(r"\b\d+\b", " ".join(told)))


def problem_of_command(line: str) -> str:
    """Returns what is wrong with a command line; empty if nothing is."""
    words = re.sub(r"^Q=\$\((.*)\)$", r"\1", line).split()
    options = {word.split("=")[0] for word in words if word.startswith("--")}
    if words[0] == "aws":
        return _problem_of_aws(words[1], words[2], options)
    if words[0] == "java":
        return _problem_of_java([word for word in words[3:] if word[0] != "-"], options)
    if words[0].startswith("scripts/"):
        return _problem_of_script(words[0], options)
    if words[0] == "curl":
        path = words[-1].removeprefix(STATUS_ADDRESS)
        return "" if path in source_texts.constants() else f"no such path: {path}"
    return "" if words[0] in {"df", "du"} else f"unknown command: {words[0]}"


def _problem_of_aws(service: str, operation: str, options: set[str]) -> str:
    model = botocore.session.get_session().get_service_model(service)
    by_name = {xform_name(name, "-"): name for name in model.operation_names}
    if operation not in by_name:
        return f"no such operation: {service} {operation}"
    shape = model.operation_model(by_name[operation]).input_shape
    members = {f"--{xform_name(name, '-')}" for name in (shape.members if shape else {})}
    unknown = options - members - {"--query", "--output"}
    return f"no such options: {sorted(unknown)}" if unknown else ""


def _problem_of_java(words: list[str], options: set[str]) -> str:
    sources = [path.read_text() for path in JAVA.glob("*Command.java")]
    found = [source for source in sources if f'name = "{words[0]}"' in source]
    if not found or (words[0] == "journal" and f'name = "{words[1]}"' not in found[0]):
        return f"no such command: {' '.join(words[:2])}"
    known = re.findall(r'"(--[a-z-]+)"', found[0] + java("SettingsOptions"))
    unknown = options - set(known)
    return f"no such options: {sorted(unknown)}" if unknown else ""


def _problem_of_script(script: str, options: set[str]) -> str:
    path = ROOT / script
    if not path.is_file():
        return f"no such script: {script}"
    source = path.read_text() + (ROOT / "scripts/chaos/chaos.py").read_text()
    unknown = sorted(option for option in options if option not in source)
    return f"no such options: {unknown}" if unknown else ""
