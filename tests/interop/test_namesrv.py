"""A genuine broker, the genuine client and mqadmin at our name server."""

import signal
import urllib.request
from collections.abc import Iterator
from typing import NamedTuple

import peer
import pytest
from processes import OurNameServer, ask

from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies import TopicRouteData

GET_ROUTE = 105
GET_KV = 101
TOPIC_NOT_EXIST = 17

SCENARIOS = "topic-route,topic-create-delete,kv-config,cluster-info,send-sync"


class Mixed(NamedTuple):
    """Our name server and a genuine broker that is registered with it."""

    ours: OurNameServer
    broker: peer.Broker

    def mqadmin(self, verb: str, *arguments: str) -> str:
        text: str = peer.mqadmin(verb, "-n", self.ours.address, *arguments)
        return text

    def route(self, topic: str) -> int:
        """Give the code of the answer."""
        return ask(self.ours.address, GET_ROUTE, {"topic": topic})[0]

    def permission(self, topic: str) -> int:
        body = ask(self.ours.address, GET_ROUTE, {"topic": topic})[3]
        return loose_json.decode(body, type=TopicRouteData).queue_datas[0].perm


@pytest.fixture(scope="module")
def mixed() -> Iterator[Mixed]:
    with (
        OurNameServer() as ours,
        peer.Broker(ours.address, config=peer.SCENARIO) as broker,
    ):
        yield Mixed(ours, broker)


def test_the_java_client_is_content_with_both(mixed: Mixed) -> None:
    lines: list[str] = []
    passed, failed = peer.scenarios(
        mixed.ours.address, only=SCENARIOS, on_line=lines.append
    )
    print("\n".join(lines))
    assert (passed, failed) == (len(SCENARIOS.split(",")), 0)


def test_mqadmin_sees_the_cluster_and_its_topics(mixed: Mixed) -> None:
    assert mixed.broker.address in mixed.mqadmin("clusterList")
    topics = mixed.mqadmin("topicList").split()
    assert {"TBW102", "SELF_TEST_TOPIC", "DefaultCluster", "broker-a"} <= set(topics)


def test_mqadmin_creates_routes_drains_and_deletes_a_topic(mixed: Mixed) -> None:
    mixed.mqadmin("updateTopic", "-b", mixed.broker.address, "-t", "Drained")
    assert mixed.permission("Drained") == 6
    assert mixed.broker.address in mixed.mqadmin("topicRoute", "-t", "Drained")
    assert " OK, " in mixed.mqadmin("wipeWritePerm", "-b", "broker-a")
    assert mixed.permission("Drained") == 4
    assert " OK, " in mixed.mqadmin("addWritePerm", "-b", "broker-a")
    assert mixed.permission("Drained") == 6
    mixed.mqadmin("deleteTopic", "-c", "DefaultCluster", "-t", "Drained")
    assert mixed.route("Drained") == TOPIC_NOT_EXIST


def test_mqadmin_changes_settings_and_may_not_change_all(mixed: Mixed) -> None:
    change = ("updateNamesrvConfig", "-k", "orderMessageEnable", "-v", "true")
    assert "success" in mixed.mqadmin(*change)
    shown = [line.split() for line in mixed.mqadmin("getNamesrvConfig").splitlines()]
    assert ["orderMessageEnable", "=", "true"] in shown
    refused = mixed.mqadmin("updateNamesrvConfig", "-k", "kvConfigPath", "-v", "x")
    assert "Can not update config in black list." in refused


def test_the_list_over_http_names_this_server(mixed: Mixed) -> None:
    url = f"http://127.0.0.1:{mixed.ours.http_port}/rocketmq/nsaddr"
    with urllib.request.urlopen(url, timeout=10) as answer:
        assert answer.read().decode().strip() == mixed.ours.address


def test_keys_outlive_the_server_and_a_dead_broker_is_gone_at_once() -> None:
    with OurNameServer() as ours:
        put = ("updateKvConfig", "-n", ours.address, "-s", "NS", "-k", "k", "-v", "v")
        assert "success" in peer.mqadmin(*put)
        broker = peer.Broker(ours.address).start()
        try:
            assert ask(ours.address, GET_ROUTE, {"topic": "TBW102"})[0] == 0
        finally:
            broker.kill()
        code, *_ = ask(ours.address, GET_ROUTE, {"topic": "TBW102"})
        assert code == TOPIC_NOT_EXIST
        assert ours.stop() in (0, -signal.SIGTERM)
        ours.start()
        _, _, fields, _ = ask(ours.address, GET_KV, {"namespace": "NS", "key": "k"})
        assert fields == {"value": "v"}
