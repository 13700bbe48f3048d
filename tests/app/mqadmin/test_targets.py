from argparse import Namespace

import pytest
from admin_kit import AdminCluster
from client_kit import result_of
from twisted.internet.defer import Deferred

from twistedmq.admin.client import Admin
from twistedmq.admin.cluster import BrokerPlace
from twistedmq.app.mqadmin.targets import _headline, brokers_asked, masters_asked
from twistedmq.protocol.errors import InvalidParameterError

TWO = ["192.0.2.10:10911", "192.0.2.11:10911"]


def asked(broker: str | None, cluster: str | None) -> tuple[list[str], list[str]]:
    options = Namespace(broker_addr=broker, cluster_name=cluster)
    admin = result_of(Admin(settings=AdminCluster(brokers=2).settings()).start())
    masters = result_of(Deferred.fromCoroutine(masters_asked(admin, options)))
    brokers = result_of(Deferred.fromCoroutine(brokers_asked(admin, options)))
    return masters, [headline for headline, _ in brokers]


def test_a_broker_goes_before_a_cluster() -> None:
    assert asked("x:1", "nowhere") == (["x:1"], ["============x:1============"])
    masters, headlines = asked(None, "DefaultCluster")
    assert masters == TWO
    assert headlines == [f"============Master: {each}============" for each in TWO]


def test_one_of_both_is_needed() -> None:
    with pytest.raises(InvalidParameterError, match="one of -b"):
        asked(None, None)


def test_a_slave_is_told_with_its_master() -> None:
    slave = BrokerPlace("c", "a", 1, "x:2")
    line = "============My Master: x:1=====Slave: x:2============"
    assert _headline(slave, "x:1") == line
    assert _headline(slave, None) == line.replace("x:1", "NO_MASTER")
