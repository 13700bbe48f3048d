from typing import Any

import pytest
from msgspec import Struct
from twisted.internet.defer import Deferred
from write_side import WriteSide

from twistedmq.broker.registration.service import (
    READY_AFTER_S,
    RETRY_S,
    RegistrationService,
)
from twistedmq.config.broker import RegistrationConfig
from twistedmq.config.live import Live
from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies import DataVersion, RegisterBrokerBody
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.command import Command
from twistedmq.protocol.headers.base import Header
from twistedmq.remoting.errors import ConnectionLostError

REGISTER = RequestCode.REGISTER_BROKER
QUERY = RequestCode.QUERY_DATA_VERSION
FAREWELL = RequestCode.UNREGISTER_BROKER
ONE_TOPIC = RequestCode.REGISTER_TOPIC_IN_NAMESRV


class Asked(Struct):
    """A request that reached a name server."""

    server: str
    code: int
    header: Header | None
    body: bytes
    timeout_s: float
    answer: Deferred[Command]

    @property
    def topics(self) -> set[str]:
        body = loose_json.decode(self.body, type=RegisterBrokerBody)
        return set(body.topic_config_serialize_wrapper.topic_config_table)


class Cluster:
    """A broker's registration, and the name servers it talks to."""

    def __init__(self, *servers: str, **config: Any) -> None:
        self.side = WriteSide()
        self.clock, self.topics = self.side.clock, self.side.topics
        self.servers = list(servers) or ["ns1:1", "ns2:2"]
        self.away: set[str] = set()
        self.slow = False
        self.known = DataVersion()
        self.asked: list[Asked] = []
        self.config = Live(RegistrationConfig(**config))
        self.service = RegistrationService(
            self.clock,
            self.side.identity,
            self.config,
            self.topics,
            self,
            self,
            lambda: ("10.0.0.9:10911", "10.0.0.9:10912"),
        )

    async def current(self) -> list[str]:
        return self.servers

    def request(
        self,
        address: str,
        code: int,
        header: Header | None,
        body: bytes,
        timeout_s: float,
    ) -> Deferred[Command]:
        sent = Asked(address, code, header, body, timeout_s, Deferred())
        self.asked.append(sent)
        if address in self.away:
            sent.answer.errback(ConnectionLostError(address, "away"))
        elif not self.slow:
            sent.answer.callback(self.answer_to(sent))
        return sent.answer

    def answer_to(self, sent: Asked) -> Command:
        if sent.code != QUERY:
            return Command(code=0)
        theirs = loose_json.decode(sent.body, type=DataVersion)
        changed = "false" if theirs == self.known else "true"
        body = loose_json.encode(self.known)
        return Command(code=0, fields={"changed": changed}, body=body)

    def heard(self) -> list[tuple[str, int]]:
        """Give what was asked since the last time, and forget it."""
        heard = [(sent.server, sent.code) for sent in self.asked]
        self.asked = []
        return heard


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


def test_the_whole_table_goes_to_every_name_server_at_the_start(
    cluster: Cluster,
) -> None:
    cluster.service.startService()
    assert cluster.service.ready.called
    first = cluster.asked[0]
    assert first.topics == set(cluster.topics)
    assert first.timeout_s == 24
    assert cluster.heard() == [("ns1:1", REGISTER), ("ns2:2", REGISTER)]


def test_then_after_ten_seconds_and_every_period(cluster: Cluster) -> None:
    cluster.service.startService()
    cluster.heard()
    times = []
    for second in range(1, 75):
        cluster.clock.advance(1)
        if cluster.heard():
            times.append(second)
    assert times == [10, 40, 70]


@pytest.mark.parametrize(("period_ms", "seconds"), [(1, 10), (20_000, 20), (10**6, 60)])
def test_the_period_has_bounds(period_ms: int, seconds: int) -> None:
    cluster = Cluster(period_ms=period_ms)
    cluster.service.startService()
    cluster.clock.advance(10)
    cluster.heard()
    cluster.clock.advance(seconds - 1)
    assert cluster.heard() == []
    cluster.clock.advance(1)
    assert cluster.heard() != []


def test_where_it_is_not_forced_only_who_needs_it_is_told(cluster: Cluster) -> None:
    cluster.config.replace(force=False)
    cluster.service.startService()
    cluster.heard()
    cluster.known = cluster.topics.data_version
    cluster.clock.advance(10)
    assert cluster.heard() == [("ns1:1", QUERY), ("ns2:2", QUERY)]
    cluster.known = DataVersion(counter=99)
    cluster.clock.advance(30)
    assert cluster.heard() == [
        ("ns1:1", QUERY),
        ("ns2:2", QUERY),
        ("ns1:1", REGISTER),
        ("ns2:2", REGISTER),
    ]


def test_new_topics_are_told_at_once_and_together(cluster: Cluster) -> None:
    cluster.service.startService()
    cluster.heard()
    cluster.topics.create_if_absent("T1")
    cluster.topics.create_if_absent("T2")
    cluster.topics.create_if_absent("gone")
    cluster.topics.delete("gone")
    settled = cluster.service.settled()
    assert settled is not None
    cluster.clock.advance(0)
    assert settled.called
    assert cluster.service.settled() is None
    assert [sent.topics for sent in cluster.asked] == [{"T1", "T2"}] * 2
    assert cluster.heard() == [("ns1:1", REGISTER), ("ns2:2", REGISTER)]


def test_settled_waits_for_the_name_servers(cluster: Cluster) -> None:
    cluster.service.startService()
    cluster.heard()
    cluster.slow = True
    cluster.topics.create_if_absent("T")
    settled = cluster.service.settled()
    assert settled is not None
    cluster.clock.advance(0)
    for sent in cluster.asked:
        assert not settled.called
        sent.answer.callback(Command(code=0))
    assert settled.called


def test_a_topic_can_be_told_by_itself() -> None:
    cluster = Cluster("ns1:1", single_topic=True)
    cluster.service.startService()
    cluster.heard()
    cluster.topics.create_if_absent("T1")
    cluster.topics.create_if_absent("T2")
    cluster.clock.advance(0)
    assert cluster.heard() == [("ns1:1", ONE_TOPIC)] * 2


def test_a_name_server_that_is_away_is_tried_again_soon(cluster: Cluster) -> None:
    cluster.away = {"ns2:2"}
    cluster.service.startService()
    cluster.heard()
    cluster.clock.advance(RETRY_S)
    assert cluster.heard() == [("ns1:1", REGISTER), ("ns2:2", REGISTER)]
    cluster.away = set()
    cluster.clock.advance(RETRY_S)
    cluster.heard()
    cluster.clock.advance(29)
    assert cluster.heard() == []


def test_the_start_does_not_wait_long_for_silent_ones(cluster: Cluster) -> None:
    cluster.slow = True
    cluster.service.startService()
    assert not cluster.service.ready.called
    cluster.clock.advance(READY_AFTER_S)
    assert cluster.service.ready.called


def test_changed_settings_are_told_at_once(cluster: Cluster) -> None:
    cluster.service.startService()
    cluster.heard()
    cluster.side.identity.set(cluster.side.identity.value)
    assert cluster.heard() == []
    cluster.side.identity.replace(permission=4)
    wrapper = loose_json.decode(cluster.asked[0].body, type=RegisterBrokerBody)
    table = wrapper.topic_config_serialize_wrapper.topic_config_table
    assert table["BenchmarkTest"].perm == 4
    assert len(cluster.heard()) == 2
    cluster.clock.advance(30)
    assert len(cluster.heard()) == 2


def test_a_change_during_a_round_makes_another_round(cluster: Cluster) -> None:
    cluster.slow = True
    cluster.service.startService()
    cluster.service.register_now()
    assert len(cluster.asked) == 2
    cluster.slow = False
    for sent in cluster.asked[:2]:
        sent.answer.callback(Command(code=0))
    assert len(cluster.heard()) == 4


def test_order_is_learnt_from_the_answers(cluster: Cluster) -> None:
    cluster.topics.create_if_absent("T")
    cluster.slow = True
    cluster.service.startService()
    table = b'{"table":{"T":"broker-a:4"}}'
    for sent in list(cluster.asked):
        sent.answer.callback(Command(code=0, body=table))
    config = cluster.topics.get("T")
    assert config is not None
    assert config.order


def test_stopping_takes_the_registration_back(cluster: Cluster) -> None:
    cluster.service.startService()
    cluster.heard()
    stopped = cluster.service.stopService()
    assert stopped.called
    assert cluster.heard() == [("ns1:1", FAREWELL), ("ns2:2", FAREWELL)]
    cluster.topics.create_if_absent("T")
    cluster.service.register_now()
    cluster.clock.advance(100)
    assert cluster.heard() == []


def test_stopping_waits_for_nobody_who_is_away(cluster: Cluster) -> None:
    cluster.away = {"ns1:1"}
    cluster.service.startService()
    cluster.heard()
    assert cluster.service.stopService().called
    assert cluster.heard() == [("ns2:2", FAREWELL)]


def test_stopping_during_a_round(cluster: Cluster) -> None:
    cluster.slow = True
    cluster.service.startService()
    cluster.heard()
    stopped = cluster.service.stopService()
    assert [code for _, code in cluster.heard()] == [FAREWELL, FAREWELL]
    assert not stopped.called


def test_a_bad_answer_counts_as_none(cluster: Cluster) -> None:
    cluster.slow = True
    cluster.service.startService()
    for sent in cluster.asked[:2]:
        sent.answer.callback(Command(code=1, remark="no"))
    cluster.heard()
    cluster.clock.advance(RETRY_S)
    assert len(cluster.heard()) == 2
