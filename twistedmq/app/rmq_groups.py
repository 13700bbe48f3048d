"""``rmq groups``: who consumes, whether they agree, who locks what, what is left."""

import json
from argparse import Namespace
from collections.abc import Iterable, Sequence
from typing import Any, Final, TextIO

from msgspec import to_builtins
from twisted.internet.defer import DeferredSemaphore, gatherResults

from twistedmq.admin.asking import Silent
from twistedmq.admin.client import Admin
from twistedmq.admin.errors import NotThereError
from twistedmq.admin.groups import GroupState, how_consumed
from twistedmq.app.rmq_problems import FAILED, tell, tell_silent
from twistedmq.app.rmq_table import table
from twistedmq.client.deferreds import unwrapped
from twistedmq.protocol.bodies.queues import MessageQueue

AT_ONCE: Final = 20
"""Groups that brokers are asked about at a time."""

NOTHING: Final = "(not subscribed)"


async def groups(reactor: Any, options: Namespace, out: TextIO) -> None:
    """Print all groups, one a line, or those that are named, with all that is known."""
    admin = Admin(options.namesrv, reactor=reactor, settings=options.settings)
    silent: Silent = {}
    async with admin:
        every = bool(options.group) or options.all
        known = await admin.groups.names(system=every, silent=silent)
        names = options.group or known
        turns = DeferredSemaphore(AT_ONCE)
        asked = [turns.run(admin.groups.state, name, silent=silent) for name in names]
        states = await unwrapped(gatherResults(asked, consumeErrors=True))
    unknown = [s.name for s in states if s.name not in known and not s.members]
    states = [state for state in states if state.name not in unknown]
    _show(states, options, out)
    for name in unknown:
        tell(NotThereError("group", name), options)
    tell_silent(silent, options)
    if unknown:
        raise SystemExit(FAILED)


def _show(states: Sequence[GroupState], options: Namespace, out: TextIO) -> None:
    if options.json:
        rows = [to_builtins(state) for state in states]
        out.write(json.dumps(rows, ensure_ascii=False, indent=2) + "\n")
    elif options.group:
        out.write("\n".join(map(_whole, states)))
    else:
        out.write(_overview(states))


def _overview(states: Iterable[GroupState]) -> str:
    columns = ("GROUP", "MEMBERS", "CONSUMES", "TOPICS", "LAG", "SUBSCRIPTIONS")
    return table(
        columns,
        [
            (
                state.name,
                str(len(state.members)),
                _how(state),
                str(len(state.subscriptions)),
                str(state.whole_lag),
                _agreement(state),
            )
            for state in states
        ],
    )


def _how(state: GroupState) -> str:
    if not state.members:
        return "-"
    how = how_consumed(state.consumes)
    how += " in order" if state.locked else ""
    return how + (", each all" if state.model == "BROADCASTING" else "")


def _agreement(state: GroupState) -> str:
    if not state.members:
        return "-"
    return "DIFFER" if state.differences else "same"


def _whole(state: GroupState) -> str:
    """Give all that is known of one group."""
    head = f"group {state.name}: {len(state.members)} members, lag {state.whole_lag}\n"
    parts = [head]
    if state.members:
        parts += [
            "\n",
            table(("CLIENT", "ADDRESS", "LANGUAGE", "LOCKS"), _clients(state)),
        ]
    topics = sorted({*state.subscriptions, *state.lag})
    if topics:
        rows = [
            (topic, state.subscriptions.get(topic, "-"), str(state.lag.get(topic, 0)))
            for topic in topics
        ]
        parts += ["\n", table(("TOPIC", "FILTERED BY", "LAG"), rows)]
    if state.differences:
        rows = [
            (
                each.topic,
                each.expression or NOTHING,
                ", ".join(each.client_ids),
            )
            for each in state.differences
        ]
        parts += [
            "\nMembers subscribe to different things; messages go past some of them:\n",
            table(("TOPIC", "WANTED", "BY"), rows),
        ]
    return "".join(parts)


def _clients(state: GroupState) -> list[Sequence[str]]:
    return [
        (
            member.client_id,
            member.address,
            member.language,
            _queues(state.locked.get(member.client_id, [])),
        )
        for member in state.members
    ]


def _queues(queues: Iterable[MessageQueue]) -> str:
    """Write queues down: topic@broker and the numbers."""
    numbers: dict[str, list[str]] = {}
    for queue in sorted(queues):
        place = f"{queue.topic}@{queue.broker_name}"
        numbers.setdefault(place, []).append(str(queue.queue_id))
    found = (f"{place}:{','.join(ids)}" for place, ids in numbers.items())
    return " ".join(found) or "-"
