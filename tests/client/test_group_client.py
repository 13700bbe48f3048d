from collections.abc import Mapping
from typing import Any

import pytest
from client_kit import FakeCluster, result_of

from twistedmq.client.errors import NotRunningError
from twistedmq.client.group_client import GroupClient
from twistedmq.client.session import Session
from twistedmq.client.subscription import Sql
from twistedmq.protocol.errors import MessageIllegalError


class Member(GroupClient):
    """One that only is there."""

    def __init__(self, cluster: FakeCluster, wanted: Mapping[str, str]) -> None:
        super().__init__("G", Session(cluster.settings()))
        self._subscribe(wanted)

    async def _start(self) -> None:
        await self._join()

    async def _close(self) -> None:
        await self._part()

    def ask(self) -> None:
        self._must_run()


def told(cluster: FakeCluster) -> Any:
    [beat] = cluster.members["G"].values()
    [consumer] = beat.consumer_data_set
    return consumer


def test_brokers_are_told_of_the_member_and_of_its_end(cluster: FakeCluster) -> None:
    cluster.create("T")
    member = Member(cluster, {"T": "a || b", "U": Sql("x > 1")})
    result_of(member.start())
    seen = {
        each.topic: (each.expression_type, each.sub_string)
        for each in told(cluster).subscription_data_set
    }
    assert seen == {"T": ("TAG", "a || b"), "U": ("SQL92", "x > 1")}
    assert list(cluster.members["G"]) == [member.client_id]
    result_of(member.close())
    assert cluster.members["G"] == {}
    assert cluster.closed == 1


def test_wrong_names_are_refused_at_once(cluster: FakeCluster) -> None:
    with pytest.raises(MessageIllegalError):
        Member(cluster, {"no topic": "*"})
    assert not cluster.requests


def test_only_a_running_one_can_be_asked(cluster: FakeCluster) -> None:
    member = Member(cluster, {})
    with pytest.raises(NotRunningError, match="Member is not running"):
        member.ask()
    result_of(member.start())
    member.ask()
    result_of(member.close())
    with pytest.raises(NotRunningError):
        member.ask()
