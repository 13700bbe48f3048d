from typing import Any

import pytest

from twistedmq.client.consumer_rules import ConsumerRules
from twistedmq.client.errors import ArgumentError
from twistedmq.client.rebalance import AverageAllocation
from twistedmq.client.starting import StartFrom
from twistedmq.client.window import Limits
from twistedmq.protocol.bodies.clients import MessageModel


def rules(**changes: Any) -> ConsumerRules:
    usual: dict[str, Any] = {
        "group": "G",
        "model": MessageModel.CLUSTERING,
        "orderly": False,
        "start_from": StartFrom.LAST,
        "concurrency": 1,
        "prefetch": Limits(),
        "prefetch_in_all": None,
        "consume_timeout_s": None,
        "allocation": AverageAllocation(),
        "max_reconsume_times": None,
        "suspend_s": 1.0,
        "offsets_directory": None,
    }
    return ConsumerRules(**usual | changes)


@pytest.mark.parametrize(
    ("orderly", "model", "locks"),
    [
        (True, MessageModel.CLUSTERING, True),
        (True, MessageModel.BROADCASTING, False),
        (False, MessageModel.CLUSTERING, False),
    ],
)
def test_only_members_who_share_in_order_lock(
    orderly: bool, model: MessageModel, locks: bool
) -> None:
    assert rules(orderly=orderly, model=model).locks_queues is locks


@pytest.mark.parametrize(
    ("orderly", "told", "most"),
    [(False, None, 16), (True, None, 2**31 - 1), (True, 3, 3), (False, 0, 0)],
)
def test_in_order_nothing_is_given_up_unless_told(
    orderly: bool, told: int | None, most: int
) -> None:
    assert rules(orderly=orderly, max_reconsume_times=told).most_failures == most


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("concurrency", 0),
        ("suspend_s", 0),
        ("suspend_s", 31.0),
        ("max_reconsume_times", -1),
        ("consume_timeout_s", 0),
        ("model", "CLUSTERING"),
        ("start_from", "first"),
        ("prefetch", 100),
    ],
)
def test_what_cannot_be_is_refused(field: str, value: object) -> None:
    with pytest.raises(ArgumentError, match=f"{field} is {value!r}, not"):
        rules(**{field: value})
