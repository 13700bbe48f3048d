import json
import re
import tarfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from timer_kit import TimerSide
from write_side import HOST

from twistedmq.broker.inner.message import InnerMessage, as_batch
from twistedmq.broker.pop.checkpoints import (
    ReviveMessages,
    SlotFor,
    key_of,
    make_checkpoint,
    mask_of,
    offsets_of,
    times_rewritten,
    unmasked,
)
from twistedmq.protocol import loose_json
from twistedmq.protocol import properties as props
from twistedmq.protocol.bodies import AckMsg, BatchAckMsg, PopCheckPoint
from twistedmq.protocol.errors import MessageIllegalError
from twistedmq.protocol.names import TIMER_TOPIC

VECTORS = Path(__file__).parents[2] / "vectors" / "store" / "v2.tar.gz"
NAMES = st.text(
    st.characters(codec="utf-8", exclude_characters="\x01\x02"), min_size=1, max_size=20
)
OFFSETS = st.lists(st.integers(0, 2**31 - 1), min_size=1, max_size=32, unique=True)


def messages(slot_for: SlotFor = lambda *_: None) -> ReviveMessages:
    return ReviveMessages("rmq_sys_REVIVE_LOG_C", HOST, lambda: 17, slot_for)


def held(message: InnerMessage) -> dict[str, str]:
    assert message.encoded is not None
    return props.parse(message.encoded)


def genuine_checkpoints() -> list[bytes]:
    """Give checkpoints as a genuine broker wrote them."""
    with tarfile.open(VECTORS) as archive:
        logs = [m for m in archive.getmembers() if "commitlog/" in m.name]
        data = b"".join(archive.extractfile(m).read() for m in logs)  # type: ignore[union-attr]
    return sorted(set(re.findall(rb'\{"bm":0,"bn"[^}]*\}', data)))


def test_a_checkpoint_is_written_byte_for_byte_as_by_the_genuine_broker() -> None:
    found = genuine_checkpoints()
    assert found
    for body in found:
        kept = loose_json.decode(body, type=PopCheckPoint)
        made = make_checkpoint(
            kept.topic,
            kept.group,
            kept.queue_id,
            kept.start_offset,
            offsets_of(kept),
            kept.popped_ms,
            kept.invisible_ms,
            kept.broker_name or "",
        )
        assert messages().checkpoint(made, 1).body == body


def test_a_checkpoint_waits_until_a_second_before_its_time() -> None:
    made = make_checkpoint("T", "G", 2, 5, [5, 7], 1000, 30_000, "b", rewritten=3)
    message = messages().checkpoint(made, 6)
    assert (message.topic, message.queue_id) == ("rmq_sys_REVIVE_LOG_C", 6)
    assert held(message) == {
        props.TIMER_DELIVER_MS: "30000",
        props.UNIQ_KEY: "T@2@5@G@1000@b@ck",
        props.TAGS: "ck",
    }
    assert (message.born_ms, message.born_host) == (17, HOST)
    assert times_rewritten(loose_json.decode(message.body, type=PopCheckPoint)) == 3


def test_acks_wait_until_the_time_itself() -> None:
    key = ("T", "G", 2, 5, 1000)
    one = messages().acks(key, "b", [7], 30_000, 6)
    assert held(one) == {
        props.TIMER_DELIVER_MS: "31000",
        props.UNIQ_KEY: "T@2@7@G@1000@b@ack",
        props.TAGS: "ack",
    }
    wanted: dict[str, Any] = {
        "bn": "b",
        "c": "G",
        "pt": 1000,
        "q": 2,
        "so": 5,
        "t": "T",
    }
    assert json.loads(one.body) == {"ao": 7, **wanted}
    many = messages().acks(key, "b", [5, 7], 30_000, 6)
    assert held(many)[props.TAGS] == "bAck"
    assert json.loads(many.body) == {"ao": -1, "aol": [5, 7], **wanted}


@pytest.mark.parametrize("deliver_ms", [500, 30_000])
def test_it_is_stored_as_the_timers_store_any_message(deliver_ms: int) -> None:
    timers = TimerSide(grain_ms=1_000)
    made = ReviveMessages("R", HOST, timers.wall_ms, timers.diversion.slot_for)
    popped_ms = timers.wall_ms()
    key = ("T", "G", 2, 5, popped_ms)
    found = made.acks(key, "b", [7], deliver_ms, 6)
    plain = InnerMessage(
        topic="R",
        queue_id=6,
        properties={
            props.TIMER_DELIVER_MS: str(popped_ms + deliver_ms),
            props.UNIQ_KEY: f"T@2@7@G@{popped_ms}@b@ack",
            props.TAGS: "ack",
        },
        body=found.body,
        born_ms=popped_ms,
        born_host=HOST,
    )
    assert as_batch([found]) == as_batch([timers.inner.divert(plain)])
    assert found.topic == TIMER_TOPIC


def test_what_may_not_wait_is_refused_or_comes_at_once() -> None:
    def full(deliver_ms: int, now_ms: int) -> int | None:
        raise MessageIllegalError(f"no room at {deliver_ms}, now {now_ms}")

    made = make_checkpoint("T", "G", 2, 5, [5], 1000, 30_000, "b")
    with pytest.raises(MessageIllegalError, match="no room at 30000, now 17"):
        messages(full).checkpoint(made, 6)
    at_once = messages(full).checkpoint(made, 6, waits=False)
    assert as_batch([at_once]) == as_batch([messages().checkpoint(made, 6)])


@pytest.mark.parametrize("name", ["a\x01b", "a\x02b"])
def test_names_cannot_make_properties_of_their_own(name: str) -> None:
    with pytest.raises(MessageIllegalError):
        messages().acks(("T", "G", 2, 5, 1000), name, [7], 30_000, 6)


@given(NAMES, NAMES, st.integers(0, 99), OFFSETS, st.integers(0, 2**42), NAMES)
def test_what_is_kept_is_read_as_it_was_written(
    topic: str, group: str, queue_id: int, offsets: list[int], popped: int, broker: str
) -> None:
    start = min(offsets)
    made = make_checkpoint(topic, group, queue_id, start, offsets, popped, 5, broker)
    read = loose_json.decode(messages().checkpoint(made, 0).body, type=PopCheckPoint)
    assert read == made
    assert list(offsets_of(read)) == offsets
    body = messages().acks(key_of(made), broker, offsets, 5, 0).body
    ack = loose_json.decode(body, type=BatchAckMsg if len(offsets) > 1 else AckMsg)
    assert key_of(ack) == key_of(made)


@given(OFFSETS, st.sets(st.integers(0, 40)))
def test_bits_take_messages_off(offsets: list[int], places: set[int]) -> None:
    acked = [offsets[place] for place in places if place < len(offsets)]
    mask = mask_of(offsets, [*acked, -5])
    assert unmasked(offsets, mask) == [o for o in offsets if o not in acked]
    assert unmasked(offsets, mask_of(offsets, offsets)) == []
    rows = range(min(offsets), min(offsets) + 40)
    assert mask_of(rows, list(rows)) == 2**40 - 1


def test_old_checkpoints_have_no_differences() -> None:
    kept = PopCheckPoint(start_offset=7, count=3)
    assert list(offsets_of(kept)) == [7, 8, 9]
    assert mask_of(offsets_of(kept), [8]) == 2


def test_how_often_it_was_written_again() -> None:
    assert times_rewritten(PopCheckPoint()) == 0
    assert times_rewritten(PopCheckPoint(rewritten="x")) == 127
