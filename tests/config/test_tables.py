import ast
import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from twistedmq.config.keys import Effect, Key, KeyTable
from twistedmq.config.loading import from_option, load_settings
from twistedmq.config.properties_file import parse
from twistedmq.config.settings import render_properties
from twistedmq.config.tables import broker_keys, namesrv_keys

PROJECT = Path(__file__).resolve().parents[2]
CATALOGUE = PROJECT / "tests" / "catalogue"
PACKAGE = PROJECT / "twistedmq"

BROKER_FILES = ("broker_config", "store_config", "auth_config")
SERVER_CLASS = "NettyServerConfig"

DELIBERATELY_OTHER = {
    "listenPort": "the start-up of a genuine server sets it before reading the file",
    "rocketmqHome": "empty instead of absent",
    "enablePropertyFilter": "a capability that is there is on",
}


def entries(*names: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for name in names:
        found += json.loads((CATALOGUE / f"{name}.json").read_text())["properties"]
    return found


def genuine_broker_keys() -> list[dict[str, Any]]:
    return entries(*BROKER_FILES)


def genuine_namesrv_keys() -> list[dict[str, Any]]:
    server = [e for e in entries("broker_config") if e["class"] == SERVER_CLASS]
    return entries("namesrv_config") + server


SERVERS = [
    pytest.param(broker_keys(), genuine_broker_keys(), id="broker"),
    pytest.param(namesrv_keys(), genuine_namesrv_keys(), id="namesrv"),
]


@pytest.mark.parametrize(("table", "genuine"), SERVERS)
def test_every_genuine_key_is_in_a_class_and_given_back(
    table: KeyTable, genuine: list[dict[str, Any]]
) -> None:
    shown = {e.key for e in parse(render_properties(load_settings(table)))}
    names = {e["name"] for e in genuine} | {
        e.get("property", e["name"]) for e in genuine
    }
    assert {name for name in names if table.find(name) is None} == set()
    assert names - shown == set()


@pytest.mark.parametrize(("table", "genuine"), SERVERS)
def test_only_genuine_keys_claim_to_be(
    table: KeyTable, genuine: list[dict[str, Any]]
) -> None:
    names = {e["name"] for e in genuine} | {
        e.get("property", e["name"]) for e in genuine
    }
    claimed = {key.name for key in table.keys if key.genuine}
    assert {n for n in claimed - names if not n.startswith("tls.")} == set()


@pytest.mark.parametrize(("table", "genuine"), SERVERS)
def test_every_default_is_the_genuine_one(
    table: KeyTable, genuine: list[dict[str, Any]]
) -> None:
    different = {}
    for entry in genuine:
        key = table.find(entry["name"])
        if key is None or entry["default"] is None or "derived" in entry:
            continue
        default = entry["default"]
        text = str(default).lower() if isinstance(default, bool) else str(default)
        text = text.replace("${user.home}", str(Path.home()))
        if key.text_of(key.default_value()) != text:
            different[key.name] = (text, key.text_of(key.default_value()))
    for name in (*DELIBERATELY_OTHER, "configBlackList"):
        different.pop(name, None)
    assert different == {}


@pytest.mark.parametrize("table", [broker_keys(), namesrv_keys()])
def test_every_default_may_be_written_out(table: KeyTable) -> None:
    defaults = load_settings(table)
    written = [
        from_option(f"{key.name}={key.text_of(defaults.value(key))}")
        for key in table.keys
        if key.text_of(defaults.value(key))
    ]
    again = load_settings(table, options=written)
    assert render_properties(again) == render_properties(defaults)
    assert again.without_effect() == []


def test_every_refusal_has_its_reason_and_every_setting_its_meaning() -> None:
    for key in (*broker_keys().keys, *namesrv_keys().keys):
        assert key.effect is not Effect.REFUSED or key.reason, key.name
        assert key.effect is not Effect.EFFECTIVE or key.meaning, key.name


def test_every_key_of_the_store_that_does_nothing_says_why() -> None:
    table = broker_keys()
    unexplained = []
    for entry in entries("store_config"):
        key = table.find(entry["name"])
        assert key is not None
        if key.effect is not Effect.EFFECTIVE and not key.reason:
            unexplained.append(key.name)
    assert unexplained == []


def test_whoever_starts_from_the_genuine_example_files_is_served() -> None:
    example = (
        "brokerClusterName=DefaultCluster\nbrokerName=broker-a\nbrokerId=0\n"
        "deleteWhen=04\nfileReservedTime=48\nbrokerRole=ASYNC_MASTER\n"
        "flushDiskType=ASYNC_FLUSH"
    )
    load_settings(broker_keys(), options=map(from_option, example.splitlines()))


def attributes_read_outside_config() -> set[str]:
    found: set[str] = set()
    for path in PACKAGE.rglob("*.py"):
        if path.is_relative_to(PACKAGE / "config"):
            continue
        tree = ast.parse(path.read_text("utf-8"))
        found |= {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
    plugins = (PROJECT / "plugins").rglob("*.py")
    for path in plugins:
        tree = ast.parse(path.read_text("utf-8"))
        found |= {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
    return found


COPIED_BY_NAME = {
    "max_in_flight_requests",
    "max_pending_requests",
}
"""Fields that a dataclass of the same field names takes over."""


def test_what_is_said_to_have_an_effect_is_read_somewhere() -> None:
    read = attributes_read_outside_config() | COPIED_BY_NAME
    unread = {
        key.name: key.field
        for table in (broker_keys(), namesrv_keys())
        for key in table.with_effect(Effect.EFFECTIVE)
        if key.field not in read
    }
    assert unread == {}


NOBODYS_CHOICE = {
    "broker_id",  # only a master can be had
    "light_heartbeat",  # comes with slaves
    "inactive_after_ms",
    "batch_queue_file_bytes",  # there are no batch queues yet
    "send_buffer_bytes",
    "receive_buffer_bytes",
}
"""Fields that have one value in this release."""


def test_every_other_field_can_be_set() -> None:
    set_by_a_key = {
        (key.config_class, key.field)
        for table in (broker_keys(), namesrv_keys())
        for key in table.keys
    }
    assert {
        field.name
        for table in (broker_keys(), namesrv_keys())
        for config_class in table.config_classes
        for field in fields(config_class)
        if (config_class, field.name) not in set_by_a_key
    } <= NOBODYS_CHOICE


def test_a_key_is_of_one_class_only() -> None:
    with pytest.raises(ValueError, match="listenPort"):
        KeyTable(
            "twice",
            [*broker_keys().keys, Key("listenPort", broker_keys().keys[0].kind)],
        )
