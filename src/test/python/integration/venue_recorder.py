"""A venue that keeps all it is sent: the bytes on the wire, and what they say once decrypted.

It speaks TLS by hand, so that it sees also what is sent before a handshake has ended. Whoever sends
a request is refused, and finds the request, with the key in it, in the answer: there are servers
that do so.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import socket
import ssl
import threading
from pathlib import Path

LONGEST_READ = 65536


class Conversation:
    """One connection."""

    def __init__(self, peer: socket.socket, context: ssl.SSLContext | None, wire: Path) -> None:
        self._peer = peer
        self._wire = wire
        self._in = ssl.MemoryBIO()
        self._out = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._in, self._out, server_side=True) if context else None

    def run(self, plain: Path) -> None:
        """Reads a request and refuses it, unless the client hangs up."""
        if self._tls is not None:
            while not self._shake_hands():
                if not self._receive():
                    return
        request = b""
        while b"\r\n\r\n" not in request:
            got = self._read()
            if not got:
                return
            request += got
            plain.write_bytes(request)
        self._refuse(request.split(b" ")[1])

    def _shake_hands(self) -> bool:
        assert self._tls
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        finally:
            self._flush()
        return True

    def _read(self) -> bytes:
        if self._tls is None:
            return self._receive()
        while True:
            try:
                return self._tls.read(LONGEST_READ)
            except ssl.SSLWantReadError:
                if not self._receive():
                    return b""

    def _receive(self) -> bytes:
        got = self._peer.recv(LONGEST_READ)
        with self._wire.open("ab") as file:
            file.write(got)
        self._in.write(got)
        return got

    def _refuse(self, target: bytes) -> None:
        answer = b"HTTP/1.1 401 no such token %s\r\nLocation: https://127.0.0.1%s\r\n" % (
            target,
            target,
        )
        answer += b"X-Token: %s\r\nContent-Length: 0\r\n\r\n" % target.partition(b"=")[2]
        if self._tls is None:
            self._peer.sendall(answer)
        else:
            self._tls.write(answer)
            self._flush()

    def _flush(self) -> None:
        if self._out.pending:
            self._peer.sendall(self._out.read())


def serve(listener: socket.socket, context: ssl.SSLContext | None, folder: Path) -> None:
    """Takes connections until it is killed."""
    for number in itertools.count():
        peer, _ = listener.accept()
        wire = folder / f"wire-{number}"
        wire.touch()

        def converse(peer: socket.socket = peer, number: int = number, wire: Path = wire) -> None:
            with peer, contextlib.suppress(OSError):
                Conversation(peer, context, wire).run(folder / f"plain-{number}")

        threading.Thread(target=converse).start()


def main() -> None:
    """Listens on any free port."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, required=True, help="where wire-N and plain-N go")
    parser.add_argument("--certificates", type=Path, help="server.pem and server.key; none: no TLS")
    parser.add_argument("--ready-file", type=Path, required=True)
    arguments = parser.parse_args()
    context = None
    if arguments.certificates:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(
            arguments.certificates / "server.pem", arguments.certificates / "server.key"
        )
    arguments.folder.mkdir(parents=True, exist_ok=True)
    listener = socket.create_server(("127.0.0.1", 0))
    scheme = "wss" if context else "ws"
    draft = arguments.ready_file.with_suffix(".tmp")
    draft.write_text(f"{scheme}://127.0.0.1:{listener.getsockname()[1]}/\n")
    draft.replace(arguments.ready_file)
    serve(listener, context, arguments.folder)


if __name__ == "__main__":
    main()
