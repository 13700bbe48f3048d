"""What the genuine name server was asked and answered, asked again of this one."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

import pytest
from namesrv_kit import NameServer
from twisted.internet.defer import Deferred

from twistedmq.protocol.codec import decode_command
from twistedmq.protocol.command import Command
from twistedmq.remoting.dispatch import Dispatcher
from twistedmq.testing.connections import FakeConnection

WIRE = Path(__file__).resolve().parents[1] / "vectors" / "wire"
SERIALIZATIONS = ("JSON", "ROCKETMQ")

Pair = tuple[dict[str, Any], dict[str, Any] | None]


def pairs(name: str, serialization: str) -> list[Pair]:
    """Give request and response of each pair that a name server answered."""
    entries = map(json.loads, (WIRE / f"{name}.jsonl").read_text().splitlines())
    found: dict[int, list[dict[str, Any]]] = {}
    for entry in entries:
        if entry["serialization"] == serialization and entry["path"].endswith(
            "-> namesrv"
        ):
            found.setdefault(entry["pair"], []).append(entry)
    return [(both[0], both[1] if both[1:] else None) for both in found.values()]


def in_order(names: Iterable[str], serialization: str) -> list[Pair]:
    """Give the pairs of several files as they were sent by one client."""
    together = [pair for name in names for pair in pairs(name, serialization)]
    return sorted(together, key=lambda pair: pair[0]["header"]["opaque"])


def command_of(entry: dict[str, Any]) -> Command:
    return decode_command(bytes.fromhex(entry["frame_hex"])[4:])


class Replay:
    """Sends recorded requests; a broker's all over one connection of its own."""

    def __init__(self, **settings: str) -> None:
        self.server = NameServer(
            supportActingMaster="true", notifyMinBrokerIdChanged="true", **settings
        ).start()
        self.dispatcher = Dispatcher(self.server.table)
        self.connections: dict[str, FakeConnection] = {}

    def ask(self, request: dict[str, Any]) -> Command | None:
        command = command_of(request)
        peer = command.fields.get("brokerAddr", "127.0.0.1:4711")
        connection = self.connections.setdefault(peer, FakeConnection(peer))
        reply = self.dispatcher.answer(command, connection)
        if isinstance(reply, Deferred):  # what is kept is answered when it is
            reply = cast(list[bytes], reply.result)
        frame = b"".join(reply)
        return decode_command(frame[4:]) if frame else None

    def agrees(self, pair: Pair) -> None:
        """Ask; code, fields, remark and body must be the recorded ones."""
        request, recorded = pair
        reply = self.ask(request)
        if recorded is None:
            assert reply is None
            return
        wanted = command_of(recorded)
        assert reply is not None
        assert reply.opaque == wanted.opaque
        assert (reply.code, reply.remark) == (wanted.code, wanted.remark or None)
        assert reply.fields == wanted.fields
        assert bytes(reply.body) == bytes(wanted.body)


def of_broker_a(name: str, serialization: str) -> list[Pair]:
    """Give the pairs about the set of two that was recorded, first to last."""
    return [
        pair
        for pair in pairs(name, serialization)
        if pair[0]["header"]["extFields"]["brokerName"] == "broker-a"
    ]


def registered() -> Replay:
    """A name server that knows master and slave, as they registered in full."""
    replay = Replay()
    for pair in of_broker_a("register_broker", "JSON")[:2]:
        replay.agrees(pair)
    return replay


@pytest.mark.parametrize("serialization", SERIALIZATIONS)
def test_registrations_are_answered_alike(serialization: str) -> None:
    replay = registered()
    for pair in of_broker_a("register_broker", serialization):
        if pair[1] and "body_json" in pair[1]:  # by then, topics had an order
            for put in pairs("put_kv_config", serialization):
                replay.agrees(put)
        replay.agrees(pair)


@pytest.mark.parametrize("serialization", SERIALIZATIONS)
def test_routes_are_the_same_bytes(serialization: str) -> None:
    replay = registered()
    single = of_broker_a("register_broker", "JSON")[2]
    assert list(single[0]["body_json"]["topicConfigSerializeWrapper"]) != []
    replay.agrees(single)
    asked = 0
    for pair in pairs("get_routeinfo_by_topic", serialization):
        if pair[0]["header"]["extFields"]["topic"] in ("T1", "TAuto"):
            replay.agrees(pair)
            asked += 1
    assert asked >= 4


@pytest.mark.parametrize("serialization", SERIALIZATIONS)
def test_cluster_and_members_are_the_same_until_all_are_gone(
    serialization: str,
) -> None:
    replay = registered()
    names = ("get_broker_cluster_info", "get_broker_member_group")
    for name in names:
        for pair in pairs(name, serialization)[:2]:
            replay.agrees(pair)
    for pair in of_broker_a("unregister_broker", serialization):
        replay.agrees(pair)
    for name in names:
        replay.agrees(pairs(name, serialization)[2])
    (told,) = replay.server.told
    address, _, header = told
    assert address == "127.0.0.2:21130"
    (recorded,) = [
        json.loads(line)
        for line in (WIRE / "notify_min_broker_id_change.jsonl")
        .read_text()
        .splitlines()
        if json.loads(line)["serialization"] == serialization
    ]
    fields = recorded["header"]["extFields"]
    assert {
        "minBrokerId": str(header.min_broker_id),  # type: ignore[attr-defined]
        "minBrokerAddr": header.min_broker_addr,  # type: ignore[attr-defined]
        "offlineBrokerAddr": header.offline_broker_addr,  # type: ignore[attr-defined]
    } == fields


@pytest.mark.parametrize("serialization", SERIALIZATIONS)
def test_heartbeats_get_no_answer_where_none_is_wanted(serialization: str) -> None:
    replay = registered()
    for name in ("query_data_version", "broker_heartbeat"):
        one_way = [p for p in pairs(name, serialization) if p[1] is None]
        assert one_way
        for pair in one_way:
            replay.agrees(pair)


@pytest.mark.parametrize("serialization", SERIALIZATIONS)
def test_a_changed_data_version_is_told(serialization: str) -> None:
    replay = registered()
    (asked,) = [p for p in pairs("query_data_version", serialization) if p[1]]
    reply = replay.ask(asked[0])
    assert reply is not None
    assert reply.fields == {"changed": "true"}
    assert json.loads(bytes(reply.body)).keys() == (asked[1] or {})["body_json"].keys()


@pytest.mark.parametrize("serialization", SERIALIZATIONS)
def test_the_key_value_table_answers_alike(serialization: str) -> None:
    names = (
        "put_kv_config",
        "get_kv_config",
        "get_kvlist_by_namespace",
        "delete_kv_config",
    )
    replay = Replay()
    sequence = in_order(names, serialization)
    assert len(sequence) > 6
    for pair in sequence:
        replay.agrees(pair)


@pytest.mark.parametrize("serialization", SERIALIZATIONS)
def test_settings_are_changed_and_refused_alike(serialization: str) -> None:
    replay = Replay()
    for pair in pairs("update_namesrv_config", serialization):
        replay.agrees(pair)


@pytest.mark.parametrize("serialization", SERIALIZATIONS)
def test_settings_are_shown_alike(serialization: str) -> None:
    replay = Replay(
        bindAddress="127.0.0.1",
        listenPort="21110",
        configStorePath="conf/ns.conf",
        kvConfigPath="ns/namesrv/kvConfig.json",
        rocketmqHome=".",
    )
    (pair,) = pairs("get_namesrv_config", serialization)
    reply = replay.ask(pair[0])
    assert reply is not None
    ours = bytes(reply.body).decode().splitlines()
    recorded = (pair[1] or {})["body_text"].splitlines()
    assert [line for line in recorded if line not in ours] == []


@pytest.mark.parametrize("serialization", SERIALIZATIONS)
@pytest.mark.parametrize(
    "name",
    [
        "get_unit_topic_list",
        "get_has_unit_sub_topic_list",
        "get_has_unit_sub_ununit_topic_list",
        "delete_topic_in_namesrv",
        "register_topic_in_namesrv",
    ],
)
def test_rare_requests_are_answered_alike(name: str, serialization: str) -> None:
    replay = registered()
    for pair in pairs(name, serialization):
        replay.agrees(pair)


@pytest.mark.parametrize("serialization", SERIALIZATIONS)
def test_lists_have_the_same_names(serialization: str) -> None:
    replay = registered()
    (asked,) = pairs("get_system_topic_list_from_ns", serialization)
    reply = replay.ask(asked[0])
    assert reply is not None
    ours, recorded = json.loads(bytes(reply.body)), (asked[1] or {})["body_json"]
    assert ours["brokerAddr"] == recorded["brokerAddr"]
    assert set(ours["topicList"]) == set(recorded["topicList"])


@pytest.mark.parametrize("serialization", SERIALIZATIONS)
@pytest.mark.parametrize(
    "name", ["wipe_write_perm_of_broker", "add_write_perm_of_broker"]
)
def test_permissions_are_counted_by_topic(name: str, serialization: str) -> None:
    replay = registered()
    ((request, recorded),) = pairs(name, serialization)
    reply = replay.ask(request)
    assert reply is not None
    assert recorded is not None
    assert reply.fields.keys() == recorded["header"]["extFields"].keys()
    assert list(reply.fields.values()) == [str(len(replay.server.routes.queues))]
