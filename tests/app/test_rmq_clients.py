import json
from typing import Any

import pytest
from groups_kit import BrokerCluster
from rmq_kit import printed
from verbs_kit import busy_cluster

from twistedmq.app.rmq_clients import clients
from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies import ConsumerRunningInfo
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.command import Reply
from twistedmq.protocol.errors import InvalidParameterError


@pytest.fixture
def cluster() -> BrokerCluster:
    cluster = busy_cluster()

    def serve(request: Any) -> Reply:
        stacks = "busy" if request.header.jstack_enable else None
        return Reply(body=loose_json.encode(ConsumerRunningInfo(jstack=stacks)))

    cluster.side.handlers[RequestCode.GET_CONSUMER_RUNNING_INFO] = serve
    return cluster


def said(cluster: BrokerCluster, *words: str) -> str:
    return printed(clients, "clients", cluster, *words)


def test_who_is_connected(cluster: BrokerCluster) -> None:
    assert said(cluster) == (
        "CLIENT  ADDRESS         LANGUAGE  VERSION  CONSUMES       PRODUCES\n"
        "c1      192.0.2.1:4711  PYTHON    V5_4_0   billing(push)  shop\n"
    )
    [row] = json.loads(said(cluster, "--json"))
    assert row["consumes"] == {"billing": "CONSUME_PASSIVELY"}


def test_one_of_them(cluster: BrokerCluster) -> None:
    text = said(cluster, "c1", "--stacks")
    assert text.startswith(
        "client c1 at 192.0.2.1:4711, PYTHON V5_4_0, known to broker-a\n"
        "produces in group shop\n"
        "\nconsumes in group billing:\n#Consumer Properties#\n"
    )
    assert "#Consumer jstack#\nbusy" in text
    assert "jstack" not in said(cluster, "c1")
    told = json.loads(said(cluster, "c1", "--json"))
    assert told["consumers"]["billing"]["queues"] == []
    with pytest.raises(InvalidParameterError, match="'c9'"):
        said(cluster, "c9")
    with pytest.raises(InvalidParameterError, match="--stacks needs"):
        said(cluster, "--stacks")
