"""The local AWS: moto in server mode over TLS, with some of its habits changed.

moto numbers a shard's records without a lock, so concurrent puts overwrite records that were
acknowledged; here puts are taken one after another, and a shard is read by sequence number instead
of from its beginning. And moto invokes a function that is mapped to a stream by itself, in Docker,
once a record; here it never does: what polls the stream is our own. A request to DynamoDB that
holds a key twice is refused, whatever else the items hold. A stack that a change set makes
or changes has outputs, as in AWS, and remembers with which parameters; one that is deleted takes
its policies along.

Prints its address as the only line on stdout once it serves, and writes it to --ready-file. Ends on
SIGTERM, SIGINT and SIGHUP.
"""

from __future__ import annotations

import argparse
import os
import signal
import ssl
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from moto.cloudformation.models import ChangeSet
from moto.cloudformation.parsing import OutputMap
from moto.dynamodb.responses import DynamoHandler
from moto.iam.models import ManagedPolicy, iam_backends
from moto.kinesis.models import KinesisBackend, Record, Shard, Stream
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from moto.utilities.utils import get_partition
from werkzeug.serving import BaseWSGIServer, make_server

import certificates
from moto_dynamodb import refusing_keys_twice
from request_log import RequestLog

if TYPE_CHECKING:
    from collections.abc import Callable
    from wsgiref.types import WSGIApplication

MAX_RECORDS_A_READ = 10_000  # as Kinesis itself
MAX_BASE64_LENGTH_A_READ = 10 * 1024 * 1024 * 4 // 3

_puts = threading.Lock()


def change_moto_habits(strategy: str) -> None:
    """Replaces the parts of moto that lose records, start functions, or take or leave out too much.

    The strategy is the record distribution that every stream says it has.
    """
    replacements: tuple[tuple[type, str, Any], ...] = (
        (Shard, "put_record", _put_in_shard),
        (Shard, "get_records", _read_shard),
        (Shard, "get_min_sequence_number", _first_sequence_number),
        (Shard, "get_max_sequence_number", _last_sequence_number),
        (Stream, "put_record", _put_in_stream),
        (KinesisBackend, "put_record", _one_at_a_time(KinesisBackend.put_record)),
        (KinesisBackend, "put_records", _one_at_a_time(KinesisBackend.put_records)),
        # The original keeps two CloudWatch data points a put for ever.
        (KinesisBackend, "_send_stream_metrics", _no_metrics),
        # Without a word on it the KPL warns, and asks again and again.
        (Stream, "to_json_summary", _with_strategy(Stream.to_json_summary, strategy)),
        (DynamoHandler, "batch_write_item", refusing_keys_twice(DynamoHandler.batch_write_item)),
        (ChangeSet, "apply", _remembered(ChangeSet.apply)),
        (ManagedPolicy, "delete_from_cloudformation_json", staticmethod(_delete_policy)),
    )
    for owner, name, replacement in replacements:
        setattr(owner, name, replacement)


def _one_at_a_time(put: Callable[..., Any]) -> Callable[..., Any]:
    def locked(*args: Any, **kwargs: Any) -> Any:
        with _puts:
            return put(*args, **kwargs)

    return locked


def _with_strategy(describe: Callable[..., Any], strategy: str) -> Callable[..., Any]:
    def described(stream: Stream) -> dict[str, Any]:
        summary: dict[str, Any] = describe(stream)
        summary["StreamDescriptionSummary"]["RecordDistributionStrategy"] = strategy
        return summary

    return described


def _remembered(apply: Callable[[ChangeSet], None]) -> Callable[[ChangeSet], None]:
    def applied(changes: ChangeSet) -> None:
        apply(changes)
        stack = changes.stack
        stack.parameters = changes.parameters
        stack.output_map = OutputMap(stack.resource_map, changes.template_dict, stack.stack_id)

    return applied


def _delete_policy(arn: str, _json: Any, account: str, region: str) -> None:
    iam_backends[account][get_partition(region)].delete_policy(arn)


def _put_in_stream(
    stream: Stream, partition_key: str, explicit_hash_key: str, data: str
) -> tuple[str, str]:
    shard = stream.get_shard_for_key(partition_key, explicit_hash_key)
    if shard is None:  # moto leaves out the last hash key of each shard's range
        shard = next(s for s in stream.shards.values() if s.ending_hash == int(explicit_hash_key))
    return shard.put_record(partition_key, data, explicit_hash_key), shard.shard_id


def _put_in_shard(shard: Shard, partition_key: str, data: str, explicit_hash_key: str) -> str:
    number = _last_sequence_number(shard) + 1
    shard.records[number] = Record(partition_key, data, number, explicit_hash_key)
    return str(number)


def _read_shard(
    shard: Shard, last_sequence_id: str, limit: int | None
) -> tuple[list[Record], int, int]:
    """Reads by number: a shard's records are numbered 1, 2, 3 ... and none is ever deleted."""
    first = int(last_sequence_id) + 1
    last = min(
        _last_sequence_number(shard),
        first + min(limit or MAX_RECORDS_A_READ, MAX_RECORDS_A_READ) - 1,
    )
    records: list[Record] = []
    length = 0
    for number in range(first, last + 1):
        record = shard.records[number]
        length += len(record.data)
        if records and length > MAX_BASE64_LENGTH_A_READ:
            break
        records.append(record)
    if not records:
        return [], first - 1, 0
    newest = shard.records[_last_sequence_number(shard)]
    behind_millis = int((newest.created_at - records[-1].created_at) * 1000)
    return records, records[-1].sequence_number, behind_millis


def _first_sequence_number(shard: Shard) -> int:
    return 1 if shard.records else 0


def _last_sequence_number(shard: Shard) -> int:
    return len(shard.records)


def _no_metrics(_backend: KinesisBackend, *_args: Any, **_kwargs: Any) -> None:
    pass


class QuietRequestHandler(MotoRequestHandler):
    """Serves a request without a line on stderr for each."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Says nothing of a request that was answered."""


def serve(
    host: str, port: int, folder: Path, names: tuple[str, ...], request_log: Path | None = None
) -> BaseWSGIServer:
    """Returns a server that listens, with TLS, and is not yet running."""
    made = certificates.ensure(folder, names)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.server, made.key)
    application: WSGIApplication = DomainDispatcherApplication(create_backend_app)
    if request_log is not None:
        application = RequestLog(application, request_log)
    server = make_server(
        host, port, application, threaded=True, request_handler=QuietRequestHandler
    )
    # The handshake is left to the first read, in the connection's own thread: one slow client
    # must not hold up the others.
    server.socket = context.wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )
    server.ssl_context = context
    os.environ["MOTO_PORT"] = str(server.port)
    return server


def main() -> int:
    """Serves until it is told to stop."""
    arguments = _parse()
    change_moto_habits(arguments.record_distribution)
    server = serve(
        arguments.host,
        arguments.port,
        arguments.certificates,
        tuple(arguments.name),
        arguments.request_log,
    )
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
    address = f"https://{arguments.name[0]}:{server.port}"
    if arguments.ready_file:
        draft = arguments.ready_file.with_suffix(".tmp")
        draft.write_text(address + "\n")
        draft.replace(arguments.ready_file)
    print(address, flush=True)
    server.serve_forever(poll_interval=0.1)
    return 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="moto over TLS, fit for the KPL")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument("--port", type=int, default=0, help="port to listen on; 0: any free one")
    parser.add_argument(
        "--certificates",
        type=Path,
        required=True,
        help="folder of ca.pem, server.pem and server.key; made there if they are not",
    )
    parser.add_argument(
        "--name",
        nargs="+",
        default=["127.0.0.1", "localhost", "::1"],
        help="names and addresses in the certificate; the first is the one in the printed address",
    )
    parser.add_argument(
        "--record-distribution",
        choices=["USER_PARTITION_KEY", "AUTO"],
        default="USER_PARTITION_KEY",
        help="strategy that every stream says it has (%(default)s)",
    )
    parser.add_argument("--ready-file", type=Path, help="file that gets the address once it serves")
    parser.add_argument(
        "--request-log",
        type=Path,
        help="file that gets a JSON line for each distinct principal, action and resource",
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
