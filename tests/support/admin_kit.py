"""A cluster that an operator works on, and the command ``mqadmin`` on it."""

import shlex
from collections.abc import Callable, Mapping
from io import StringIO
from typing import Any, NamedTuple

from client_kit import FakeCluster, held
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from twistedmq.app.mqadmin import parsing, table
from twistedmq.app.mqadmin.main import run_verb
from twistedmq.protocol import loose_json
from twistedmq.protocol.command import Command

Answer = Command | Callable[[str, Any, bytes], Command]


class AdminCluster(FakeCluster):
    """Answers what operators ask as a test says.

    Attributes:
        answers: by code: a command, or what makes one of address, header and body.
        bodies: (address, code, body) of everything that was asked.
    """

    def __init__(self, brokers: int = 1) -> None:
        super().__init__(Clock(), brokers)
        self.answers: dict[int, Answer] = {}
        self.bodies: list[tuple[str, int, bytes]] = []

    def request(
        self, address: str, code: int, header: Any, body: bytes
    ) -> Deferred[Command]:
        self.bodies.append((address, code, body))
        answer = self.answers.get(code)
        if answer is None or address in self.down or code in self.refuse:
            return super().request(address, code, header, body)
        self.requests.append((address, code, header))
        if callable(answer):
            answer = answer(address, header, body)
        return succeed(answer)

    def asked(self, code: int) -> list[tuple[str, Any]]:
        """Give whom was asked *code*, with the headers."""
        return [(address, header) for address, c, header in self.requests if c == code]


def told(body: Any = None, **fields: str) -> Command:
    """Make a good answer: a struct is written as JSON."""
    if body is not None and not isinstance(body, bytes):
        body = loose_json.encode(body)
    return Command(code=0, fields=fields, body=body or b"")


def text_of(values: Mapping[str, str]) -> bytes:
    """Write a properties file."""
    return "".join(f"{key}={value}\n" for key, value in values.items()).encode()


class Said(NamedTuple):
    """How a call of the command ended."""

    status: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


def mqadmin(cluster: FakeCluster, line: str) -> Said:
    """Run ``mqadmin LINE`` on *cluster*; it must end at once."""
    name, *arguments = shlex.split(line)
    verb = table.find(name)
    assert verb is not None, name
    options = parsing.parse(verb, arguments)
    options.settings = cluster.settings()
    out, err = StringIO(), StringIO()
    [ended] = held(run_verb(cluster.clock, verb, options, out, err))
    status = 0
    if isinstance(ended, Failure):
        assert ended.check(SystemExit), ended
        status = ended.value.code
    return Said(status, out.getvalue(), err.getvalue())
