"""A name that is not known yet, and a venue that no longer hears us."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
from pathlib import Path

import pytest

import certificates
import rig as rigs
from patient_venue import Connection, PatientVenue
from processes import wait_until
from rig import AAPL, Rig

pytestmark = pytest.mark.integration

SO_ATTACH_FILTER = 26
ESTABLISHED, FIN_SENT = "01", "04"


def test_a_name_is_looked_up_anew_by_each_attempt(rig: Rig, tmp_path: Path) -> None:
    """It is not known at the start, then leads to where nobody listens, then to the venue."""
    rig.create_stream()
    tls = certificates.ensure(tmp_path / "venue", ("venue.test", "127.0.0.1"))
    market = rig.start_market(tls=tls)
    hosts = tmp_path / "hosts"
    others = "127.0.0.1 localhost\n"  # looked up before the feed begins
    hosts.write_text(others)
    ingester = rig.start_ingester(
        {
            "feed.uri": f"wss://venue.test:{market.port}/",
            "feed.ca-file": str(tls.ca),
            "feed.symbols": '["AAPL"]',
            "kinesis.endpoint": rig.kinesis.endpoint.replace("127.0.0.1", "localhost"),
        },
        jvm=(f"-Djdk.net.hosts.file={hosts}",),
    )
    unknown, wrong = "unable to resolve host venue.test", "refused: venue.test/127.0.0.2"
    assert wait_until(lambda: ingester.log.count(unknown) >= 3, rigs.SECONDS), ingester.log
    hosts.write_text(others + "127.0.0.2 venue.test\n")
    assert wait_until(lambda: ingester.log.count("/127.0.0.2:") >= 3, rigs.SECONDS), wrong
    hosts.write_text(others + "127.0.0.1 venue.test\n")
    tried_in_vain = ingester.log.count("/127.0.0.2:")
    ingester.waits_for_trades()
    assert ingester.log.count("/127.0.0.2:") <= tried_in_vain + 1, "one was under way"

    market.child.kill()
    ingester.waits_for_health(lambda health: health["feed"] != "open")
    hosts.write_text(others)
    unknown_before = ingester.log.count(unknown)
    assert wait_until(lambda: ingester.log.count(unknown) > unknown_before, rigs.SECONDS)
    rig.start_market(tls=tls, port=market.port)
    hosts.write_text(others + "127.0.0.1 venue.test\n")
    ingester.waits_for_health(lambda health: health["feed"] == "open")
    assert rig.signal(ingester.child, signal.SIGTERM).code == 128 + signal.SIGTERM


class Instruction(ctypes.Structure):
    """One of a socket filter (linux/filter.h)."""

    _fields_ = (
        ("code", ctypes.c_uint16),
        ("jt", ctypes.c_uint8),
        ("jf", ctypes.c_uint8),
        ("k", ctypes.c_uint32),
    )


class Program(ctypes.Structure):
    """A socket filter."""

    _fields_ = (("length", ctypes.c_uint16), ("instructions", ctypes.POINTER(Instruction)))


def become_deaf(connection: Connection) -> None:
    """The kernel drops all that comes on this socket from now on: nothing is acknowledged."""
    drop = Instruction(0x06, 0, 0, 0)  # return 0
    program = Program(1, ctypes.pointer(drop))
    connection.socket.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, bytes(program))


def fall_deaf(number: int, connection: Connection) -> None:
    """Sends trades and hears nothing any more; the second connection is one as usual."""
    connection.say(rigs.frames_of(AAPL)[0])
    if number == 0:
        connection.listen(1)  # the subscription
        become_deaf(connection)
    connection.listen()


def states(port: int) -> dict[str, str]:
    """The state of each socket that leads to a port, by its inode; 0 is one that nobody has."""
    found = {}
    for file in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        for line in file.read_text().splitlines()[1:]:
            fields = line.split()
            if int(fields[2].rpartition(":")[2], 16) == port:
                found[fields[9]] = fields[3]
    return found


def open_sockets(pid: int, port: int) -> list[str]:
    """The states of those that a process has open."""
    links = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        try:
            links.add(str(descriptor.readlink()))
        except OSError:
            continue  # closed meanwhile
    return [state for inode, state in states(port).items() if f"socket:[{inode}]" in links]


@pytest.mark.skipif(os.name != "posix", reason="NOT RUN: socket filters need Linux")
def test_the_old_socket_is_closed_first_though_its_end_is_not_acknowledged(rig: Rig) -> None:
    rig.create_stream()
    venue = PatientVenue(fall_deaf)
    ingester = rig.start_ingester(
        {"feed.uri": venue.address, "feed.symbols": '["AAPL"]', "feed.silence-timeout": "5s"}
    )
    most = 0
    abandoned = False

    def is_connected_again() -> bool:
        nonlocal most, abandoned
        most = max(most, len(open_sockets(ingester.child.pid, venue.port)))
        abandoned |= FIN_SENT in states(venue.port).values()
        return len(venue.connections) > 1 and abandoned

    assert wait_until(is_connected_again, rigs.SECONDS), ingester.log
    assert most == 1
    assert venue.connections[0].left_at is None, "the venue has not heard that it was left"
    assert open_sockets(ingester.child.pid, venue.port) == [ESTABLISHED]
    assert rig.signal(ingester.child, signal.SIGTERM).code == 128 + signal.SIGTERM
    venue.close()
