"""The local AWS: what it acknowledged can be read, and it is verified as AWS is."""

from __future__ import annotations

import signal
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, SSLError

import certificates
import clients
import stream

SCRIPT = Path(__file__).parents[3] / "scripts/local/moto_server.py"
WRITERS = 16
PUTS_A_WRITER = 6
RECORDS_A_PUT = 50


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("moto")


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[str]:
    command = [sys.executable, str(SCRIPT), "--certificates", str(folder)]
    with subprocess.Popen(
        [*command, "--ready-file", str(folder / "ready")], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        yield process.stdout.readline().strip()
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


def test_the_ready_file_holds_the_address(server: str, folder: Path) -> None:
    assert (folder / "ready").read_text() == server + "\n"
    assert server.startswith("https://127.0.0.1:")


def test_everything_that_16_writers_had_acknowledged_can_be_read(server: str, folder: Path) -> None:
    stream.create(stream.connect(server, folder / "ca.pem", "us-east-1"), "writers", 2)
    acknowledged: set[tuple[str, str, bytes]] = set()

    def write(writer: int) -> None:
        client = stream.connect(server, folder / "ca.pem", "us-east-1")
        for put in range(PUTS_A_WRITER):
            data = [f"{writer} {put} {record}".encode() for record in range(RECORDS_A_PUT)]
            answer = client.put_records(
                StreamName="writers",
                Records=[{"Data": item, "PartitionKey": item.decode()} for item in data],
            )
            for item, result in zip(data, answer["Records"], strict=True):
                acknowledged.add((result["ShardId"], result["SequenceNumber"], item))

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    client = stream.connect(server, folder / "ca.pem", "us-east-1")
    readable = {
        (record.shard.id, record.sequence_number, record.data)
        for record in stream.read(client, "writers")
    }
    assert len(readable) == WRITERS * PUTS_A_WRITER * RECORDS_A_PUT
    assert readable == acknowledged


def test_the_last_hash_key_has_a_shard(server: str, folder: Path) -> None:
    client = stream.connect(server, folder / "ca.pem", "us-east-1")
    stream.create(client, "edges", 2)
    client.put_record(
        StreamName="edges", Data=b"x", PartitionKey="k", ExplicitHashKey=str(2**128 - 1)
    )
    assert [record.data for record in stream.read(client, "edges")] == [b"x"]


def test_a_stream_says_how_it_distributes_records(server: str, folder: Path) -> None:
    client = stream.connect(server, folder / "ca.pem", "us-east-1")
    stream.create(client, "described", 1)
    described: dict[str, Any] = dict(
        client.describe_stream_summary(StreamName="described")["StreamDescriptionSummary"]
    )
    assert described["RecordDistributionStrategy"] == "USER_PARTITION_KEY"


def test_reading_goes_on_where_it_stopped(server: str, folder: Path) -> None:
    client = stream.connect(server, folder / "ca.pem", "us-east-1")
    stream.create(client, "pages", 1)
    for number in range(5):
        client.put_record(StreamName="pages", Data=b"%d" % number, PartitionKey="k")
    (shard,) = client.list_shards(StreamName="pages")["Shards"]
    iterator = client.get_shard_iterator(
        StreamName="pages", ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    found = []
    for _ in range(4):
        answer = client.get_records(ShardIterator=iterator, Limit=2)
        found.append([record["Data"] for record in answer["Records"]])
        iterator = answer["NextShardIterator"]
    assert found == [[b"0", b"1"], [b"2", b"3"], [b"4"], []]


def test_a_key_twice_in_a_request_to_a_table_is_refused(server: str, folder: Path) -> None:
    dynamodb = clients.connect("dynamodb", server, folder / "ca.pem", "us-east-1")
    key = "trade_id"
    dynamodb.create_table(
        TableName="trades",
        KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )

    def write(*items: tuple[str, str]) -> None:
        puts = [
            {"PutRequest": {"Item": {key: {"S": id_}, "received_at": {"N": at}}}}
            for id_, at in items
        ]
        dynamodb.batch_write_item(RequestItems={"trades": puts})

    write(("a", "1"), ("b", "1"))
    with pytest.raises(ClientError, match="item keys contains duplicates"):
        write(("c", "1"), ("d", "1"), ("c", "2"))
    dynamodb.batch_write_item(
        RequestItems={"trades": [{"DeleteRequest": {"Key": {key: {"S": "a"}}}}]}
    )
    stored = dynamodb.scan(TableName="trades")["Items"]
    assert [item[key]["S"] for item in stored] == ["b"]


def test_a_client_with_other_authorities_refuses_it(server: str, tmp_path: Path) -> None:
    other = certificates.ensure(tmp_path)
    client = stream.connect(server, other.ca, "us-east-1")
    with pytest.raises(SSLError, match="CERTIFICATE_VERIFY_FAILED"):
        client.list_streams()


def test_certificates_are_made_once_and_verify_for_their_names_only(tmp_path: Path) -> None:
    made = certificates.ensure(tmp_path)
    before = made.server.read_bytes()
    assert certificates.ensure(tmp_path) == made
    assert made.server.read_bytes() == before
    assert made.key.stat().st_mode & 0o077 == 0
    context = ssl.create_default_context(cafile=made.ca)
    assert len(context.get_ca_certs()) == 1
