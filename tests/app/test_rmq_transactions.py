import json

from groups_kit import ADDRESS, BrokerCluster
from halves_kit import cluster_with_halves
from read_side import BROKER
from rmq_kit import printed, printed_and_ended

from twistedmq.app.rmq_transactions import transactions


def said(cluster: BrokerCluster, *words: str) -> str:
    return printed(transactions, "transactions", cluster, "ls", *words)


def test_what_waits_for_a_decision() -> None:
    heads, row = said(cluster_with_halves()).splitlines()
    assert heads.split() == ["BROKER", "TOPIC", "GROUP", "BORN", "ASKED", "KEYS", "ID"]
    assert row.split()[:3] == [BROKER, "orders", "shop"]
    assert row.split()[-3:] == ["3x", "k1", "U1"]


def test_only_those_of_a_group() -> None:
    found = said(cluster_with_halves(), "--group", "other")
    assert found == "nothing waits for a decision\n"


def test_for_programs() -> None:
    [half] = json.loads(said(cluster_with_halves(), "--json"))
    assert (half["broker"], half["group"], half["message_id"]) == (BROKER, "shop", "U1")
    assert said(BrokerCluster(), "--json") == "[]\n"


def test_a_broker_that_is_away_is_named_and_the_status_says_so() -> None:
    cluster = cluster_with_halves()
    cluster.side.handlers.clear()
    cluster.down.add(ADDRESS)
    ended, out = printed_and_ended(transactions, "transactions", cluster, "ls")
    assert (ended, out) == (1, "nothing waits for a decision\n")
