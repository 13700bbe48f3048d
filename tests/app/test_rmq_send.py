from io import BytesIO, StringIO

import pytest
from client_kit import FakeCluster, result_of
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from twistedmq.app.rmq import make_parser
from twistedmq.app.rmq_send import send
from twistedmq.protocol import properties
from twistedmq.protocol.errors import MessageIllegalError


def sent(cluster: FakeCluster, *arguments: str, stdin: bytes = b"") -> list[str]:
    options = make_parser().parse_args(["send", *arguments])
    options.settings = cluster.settings()
    out = StringIO()
    sending = send(cluster.clock, options, out, BytesIO(stdin))
    result_of(Deferred.fromCoroutine(sending))
    return out.getvalue().splitlines()


@pytest.fixture
def cluster() -> FakeCluster:
    cluster = FakeCluster(Clock())
    cluster.create("T", queues=1)
    return cluster


def test_a_message_is_sent_with_all_that_was_said(cluster: FakeCluster) -> None:
    line = "T hello --tag a --key k --key l --property p=v"
    [receipt] = sent(cluster, *line.split())
    assert receipt.endswith("broker-0/0 offset 0 PAGE_CACHE")
    [[record]] = [r for queue, r in cluster.records.items() if queue.topic == "T"]
    assert record.body == b"hello"
    stored = properties.parse(record.properties)
    assert (stored["TAGS"], stored["KEYS"], stored["p"]) == ("a", "k l", "v")


def test_a_body_can_come_from_standard_input(cluster: FakeCluster) -> None:
    sent(cluster, "T", "-", stdin=b"\x00\xffraw")
    assert cluster.bodies("T") == [b"\x00\xffraw"]


def test_it_can_be_sent_many_times(cluster: FakeCluster) -> None:
    assert len(sent(cluster, "T", "x", "--count", "300")) == 300
    assert len(cluster.bodies("T")) == 300


def test_what_may_not_be_sent_is_an_error(cluster: FakeCluster) -> None:
    with pytest.raises(MessageIllegalError):
        sent(cluster, "T", "", "--count", "3")
    assert cluster.closed == 1
