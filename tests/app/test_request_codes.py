"""Every request code of the catalogue: served, or answered as the genuine one does."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import fields as struct_fields
from namesrv_kit import NameServer
from source_tree import PROJECT
from twisted.internet.defer import Deferred
from whole_broker import make_broker
from wire_vectors import catalogue

from twistedmq.app.broker_parts import BrokerParts
from twistedmq.broker.admin.unserved import UNSERVED, Unserved
from twistedmq.protocol.bodies import TopicConfig
from twistedmq.protocol.codec import decode_command
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import Command
from twistedmq.protocol.headers import REQUEST_HEADERS
from twistedmq.remoting.dispatch import Dispatcher
from twistedmq.remoting.server import NOT_ON_FAST_PORT
from twistedmq.store.interfaces import IMessageStore
from twistedmq.testing.batches import Told, batch_of
from twistedmq.testing.connections import FakeConnection

CODES: list[dict[str, Any]] = catalogue("request_codes")["codes"]

OF_REPLICATION = {
    "EXCHANGE_BROKER_HA_INFO",
    "NOTIFY_MIN_BROKER_ID_CHANGE",
    "NOTIFY_BROKER_ROLE_CHANGED",
}
"""Brokers, name servers and controllers say these to each other; none of them before
there is replication. (The tools' questions about it are answered: a lone master.)"""


def of_server(server: str) -> list[str]:
    """Name the codes that a genuine *server* handles, and ours should."""
    return [
        entry["name"]
        for entry in CODES
        if any(handler["server"] == server for handler in entry["handlers"])
        and not entry["name"].startswith("AUTH_")
        and entry["name"] not in OF_REPLICATION
    ]


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Dispatcher:
    return make_broker(tmp_path_factory.mktemp("broker"))[0].dispatcher


@pytest.fixture(scope="module")
def name_server() -> Iterator[Dispatcher]:
    server = NameServer().start()
    yield Dispatcher(server.table)
    server.service.stopService()


def ask(
    dispatcher: Dispatcher,
    code: int,
    fields: dict[str, str] | None = None,
    body: bytes = b"",
) -> Command | None:
    """Ask; gives the answer, None where it is not there at once."""
    command = Command(code=code, fields=fields or {}, body=body)
    answer = dispatcher.answer(command, FakeConnection())
    if isinstance(answer, Deferred):
        results: list[Any] = []
        answer.addCallback(results.append)
        if not results:
            return None
        answer = results[0]
    return decode_command(b"".join(answer)[4:])


def served_by(dispatcher: Dispatcher) -> set[str]:
    return {RequestCode(code).name for code in dispatcher.codes}


def test_a_broker_serves_what_the_genuine_one_does(broker: Dispatcher) -> None:
    missing = set(of_server("broker")) - served_by(broker)
    assert missing == set()


def test_a_name_server_serves_what_the_genuine_one_does(
    name_server: Dispatcher,
) -> None:
    assert served_by(name_server) == set(of_server("namesrv"))


def test_the_fast_port_refuses_what_the_genuine_one_does(broker: Dispatcher) -> None:
    main_only = {
        entry["code"]
        for entry in CODES
        for handler in entry["handlers"]
        if handler["server"] == "broker" and handler["ports"] == ["main"]
    }
    assert main_only == NOT_ON_FAST_PORT
    fast = broker.refusing(NOT_ON_FAST_PORT)
    for code in main_only:
        check_refused(fast, code)


def check_refused(dispatcher: Dispatcher, code: int) -> None:
    answer = ask(dispatcher, code)
    assert answer is not None
    assert answer.code == ResponseCode.REQUEST_CODE_NOT_SUPPORTED
    assert answer.remark == f" request type {code} not supported"


@pytest.mark.parametrize("entry", UNSERVED, ids=lambda entry: entry.code.name)
def test_what_is_not_served_is_answered_as_said(broker: Dispatcher, entry: Any) -> None:
    answer = ask(broker, entry.code)
    assert answer is not None
    assert (answer.code, answer.remark) == (entry.answer, entry.remark)
    assert bytes(answer.body) == entry.body
    assert entry.reason


def test_what_nobody_serves_is_refused(
    broker: Dispatcher, name_server: Dispatcher
) -> None:
    obsolete = {entry["code"] for entry in CODES if entry["obsolete"]}
    assert obsolete
    for dispatcher in (broker, name_server):
        for code in {*obsolete, 9999, -1} | {entry["code"] for entry in CODES}:
            if code not in dispatcher.codes:
                check_refused(dispatcher, code)


def test_the_manual_tells_how_each_is_answered(broker: Dispatcher) -> None:
    page = (PROJECT / "docs" / "compatibility.md").read_text("utf-8")
    rows = [line for line in page.splitlines() if re.match(r"\| \d", line)]
    wanted = sorted(UNSERVED, key=lambda entry: entry.code)
    assert rows == list(map(row_of, wanted))
    refused = {
        entry["name"]
        for entry in CODES
        if any(handler["server"] == "broker" for handler in entry["handlers"])
    }
    for name in refused - served_by(broker):
        assert f"`{name}`" in page, name
    for code in NOT_ON_FAST_PORT:
        assert f"`{RequestCode(code).name}`" in page


def row_of(entry: Unserved) -> str:
    said = [f"{entry.answer.value}"]
    said += [f'"{entry.remark}"'] if entry.remark else []
    said += [f"body `{entry.body.decode()}`"] if entry.body else []
    answer, name = ", ".join(said), entry.code.name
    return f"| {entry.code.value} | `{name}` | {answer} | {entry.reason} |"


JUNK_BODIES = (
    b"",
    b"\xff\xfe",
    b"null",
    b"[]",
    b"{}",
    b"7",
    b'{"a":',
    b'"x"',
    b"{" * 99,
)
JUNK_VALUES = (
    "",
    "x",
    "-1",
    "99999999999999999999",
    "%",
    "\x01\x02",
    "true",
    "T" * 300,
)


EXTREMES = (
    "1",
    "3",
    "-1",
    f"{2**31 - 1}",
    f"{-(2**31)}",
    f"{2**63 - 1}",
    f"{-(2**63)}",
)


def plausible_text(type_name: str) -> str:
    if "bool" in type_name:
        return "true"
    return "0" if "int" in type_name.lower() else "nothing"


def junk_for(code: int) -> Iterator[tuple[dict[str, str], bytes]]:
    """Give fields and bodies that no good client sends with *code*."""
    for body in JUNK_BODIES:
        yield {}, body
    header = REQUEST_HEADERS.get(code)
    plausible = {
        field.encode_name: plausible_text(repr(field.type))
        for field in (struct_fields(header) if header else ())
    }
    for value in JUNK_VALUES:
        yield dict.fromkeys(plausible, value), b""
        yield plausible | {n: value for n, v in plausible.items() if v != "true"}, b""
    for body in JUNK_BODIES:
        yield plausible, body
    numbers = [name for name, text in plausible.items() if text == "0"]
    for value in EXTREMES:
        yield plausible | dict.fromkeys(numbers, value), b""
        for name in numbers:
            yield plausible | {name: value}, b""


def give_it_something(broker: BrokerParts, store: IMessageStore) -> None:
    """Give it the topic and group that are asked for, and some messages."""
    broker.tables.topics.update(TopicConfig(topic_name="nothing"))
    broker.tables.groups.get("nothing")
    store.append(batch_of([Told(topic="nothing", queue_id=n) for n in (0, 0, 0, 1)]))


@pytest.mark.parametrize("server", ["broker", "namesrv"])
def test_bad_input_is_told_what_is_wrong(
    tmp_path: Path, name_server: Dispatcher, server: str
) -> None:
    """Whatever comes, it is answered on purpose: no handler stumbles over it."""
    dispatcher = name_server
    if server == "broker":
        broker, store = make_broker(tmp_path)
        give_it_something(broker, store)
        dispatcher = broker.dispatcher
    for code in dispatcher.codes - dispatcher.batches.keys():
        for fields, body in junk_for(code):
            answer = ask(dispatcher, code, fields, body)
            if answer is None:
                continue
            name, remark = RequestCode(code).name, answer.remark or ""
            shown = f"{name} {json.dumps(fields)[:200]} {body[:40]!r}: {remark}"
            assert not remark.startswith("unexpected"), shown
            assert (answer.code == 0) or remark, shown
