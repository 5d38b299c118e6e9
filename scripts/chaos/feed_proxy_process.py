"""The feed's fault proxy in a process of its own, used as if it were in this one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from feed_faults import Effects, Fault
from proxy_process import ProxyProcess, RemoteHandle

PROGRAM = Path(__file__).with_name("feed_proxy.py")


class FeedProxyProcess(ProxyProcess):
    """Starts and commands the process; the surface is that of FeedProxy."""

    def __init__(self, upstream_ws_url: str, log: Path, seed: int = 0, port: int = 0) -> None:
        """Returns once it serves; port 0 is any free one."""
        super().__init__(
            PROGRAM,
            ["--to", upstream_ws_url, "--log", log, "--seed", str(seed), "--port", str(port)],
        )
        self.url = str(self.greeting["url"])

    def begin(self, fault: Fault) -> RemoteHandle[Effects]:
        """Begins a fault; unless it is done once, it lasts until its handle is told to end."""
        return self.begin_fault(fault.to_json(), Effects)

    def counts(self) -> dict[str, Any]:
        """Returns what went through up to now; all that is counted is in the log's file then."""
        return dict(self.ask("counts", True)["counts"])
