import pytest
from client_kit import result_of
from groups_kit import BrokerCluster

from twistedmq.admin.client import Admin
from twistedmq.admin.errors import MessageNotFoundError
from twistedmq.admin.traces import Traces
from twistedmq.client.errors import RouteNotFoundError
from twistedmq.protocol.names import TRACE_TOPIC
from twistedmq.protocol.trace import TraceType
from twistedmq.testing.batches import Told

SEND = (
    "Pub\x011700000000000\x01r\x01shop\x01orders\x01{id}\x01new\x01\x01h\x015\x0112"
    "\x010\x01OFF\x01true\x02"
)


@pytest.fixture
def cluster() -> BrokerCluster:
    cluster = BrokerCluster()
    cluster.side.topic(TRACE_TOPIC, queues=1)
    return cluster


@pytest.fixture
def traces(cluster: BrokerCluster) -> Traces:
    return result_of(Admin(settings=cluster.settings()).start()).traces


def trace(*ids: str, body: str = "") -> Told:
    text = body or "".join(SEND.format(id=each) for each in ids)
    return Told(topic=TRACE_TOPIC, body=text.encode(), keys=" ".join(ids))


def test_what_clients_wrote_down(cluster: BrokerCluster, traces: Traces) -> None:
    cluster.side.append(trace("ID1", "ID2"), trace("ID2"))
    [item] = result_of(traces.of("ID1"))
    assert (item.type, item.group, item.message_id) == (TraceType.SEND, "shop", "ID1")
    assert item.client_host == "10.0.0.1"
    assert len(result_of(traces.of("ID2"))) == 2


def test_what_cannot_be_read_is_left_out(
    cluster: BrokerCluster, traces: Traces
) -> None:
    damaged = SEND.format(id="ID1").replace("\x0112\x01", "\x01soon\x01")
    cluster.side.append(trace("ID1", body=damaged), trace("ID1"))
    assert len(result_of(traces.of("ID1"))) == 1


def test_nobody_traced_it(traces: Traces) -> None:
    with pytest.raises(MessageNotFoundError):
        result_of(traces.of("ID1"))
    with pytest.raises(RouteNotFoundError):
        result_of(traces.of("ID1", trace_topic="mine"))
