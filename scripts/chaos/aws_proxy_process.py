"""The fault proxy in a process of its own, used as if it were in this one."""

from __future__ import annotations

from pathlib import Path

from aws_proxy import Counts
from endpoint_faults import Effects, Fault
from proxy_process import ProxyProcess, RemoteHandle

PROGRAM = Path(__file__).with_name("aws_proxy.py")


class AwsProxyProcess(ProxyProcess):
    """Starts and commands the process; the surface is that of AwsProxy."""

    def __init__(
        self,
        upstream_endpoint: str,
        ca: Path,
        certificates_folder: Path,
        seed: int = 0,
        port: int = 0,
        kinesis_endpoint: str | None = None,
    ) -> None:
        """Returns once it serves; port 0 is any free one.

        Without an endpoint of its own Kinesis is where all is.
        """
        super().__init__(
            PROGRAM,
            [
                *("--to", upstream_endpoint, "--ca", ca, "--certificates", certificates_folder),
                *("--seed", str(seed), "--port", str(port)),
                *(("--kinesis-to", kinesis_endpoint) if kinesis_endpoint else ()),
            ],
        )
        self.endpoint = str(self.greeting["endpoint"])

    def begin(self, fault: Fault) -> RemoteHandle[Effects]:
        """Begins a fault; it lasts until its handle is told to end."""
        return self.begin_fault(fault.to_json(), Effects)

    def counts(self) -> Counts:
        """Returns by action how many requests came, and how many got which status."""
        return dict(self.ask("counts", True)["counts"])
