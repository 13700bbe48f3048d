from collections.abc import Callable
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest
from client_kit import WALL_MS, FakeCluster, FakePool, held, result_of
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock, deferLater

from twistedmq import LitePullConsumer, ReceivedMessage, Sql, StartFrom
from twistedmq.client.errors import ArgumentError, NotRunningError
from twistedmq.client.lite_pull_errors import (
    CommitFailedError,
    NotAssignedError,
    PollUnderWayError,
    SubscribedError,
)
from twistedmq.client.window import Limits
from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies.offsets import ResetOffsetBody
from twistedmq.protocol.bodies.queues import MessageQueue
from twistedmq.protocol.bodies.running import ConsumerRunningInfo
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import Command
from twistedmq.protocol.headers.clients import GetConsumerRunningInfoRequestHeader
from twistedmq.remoting.interfaces import Request
from twistedmq.testing.connections import FakeConnection

Q = [MessageQueue("T", "broker-0", n) for n in range(4)]
Make = Callable[..., LitePullConsumer]
PULL = RequestCode.PULL_MESSAGE


@pytest.fixture
def make(cluster: FakeCluster) -> Make:
    cluster.create("T", queues=4)

    def consumer(wanted: Any = "*", **options: Any) -> LitePullConsumer:
        settings = cluster.settings(**options.pop("changes", {}))
        usual = {"settings": settings, "start_from": StartFrom.FIRST}
        topics = None if wanted is None else {"T": wanted}
        return LitePullConsumer("G", topics, **usual | options)

    return consumer


@pytest.fixture
def begin(make: Make) -> Make:
    def consumer(*arguments: Any, **options: Any) -> LitePullConsumer:
        started: LitePullConsumer = result_of(make(*arguments, **options).start())
        return started

    return consumer


def poll(consumer: LitePullConsumer, **options: Any) -> list[bytes]:
    messages: list[ReceivedMessage] = result_of(
        consumer.poll(**{"timeout_s": 0} | options)
    )
    return [message.body for message in messages]


def committed(cluster: FakeCluster) -> dict[int, int]:
    return {
        queue.queue_id: offset
        for (_, queue), offset in cluster.committed.items()
        if offset
    }


def test_what_a_poll_gave_is_done_with_the_next(
    cluster: FakeCluster, begin: Make, clock: Clock
) -> None:
    cluster.put("T", "a", "b", "c")
    consumer = begin()
    assert poll(consumer, max_messages=2) == [b"a", b"b"]
    clock.advance(5)
    assert committed(cluster) == {}
    assert poll(consumer) == [b"c"]
    clock.advance(5)
    assert committed(cluster) == {0: 2}
    result_of(consumer.commit())
    assert committed(cluster) == {0: 3}
    assert result_of(consumer.committed(Q[0])) == 3


@pytest.mark.parametrize("wanted", ["*", None])
def test_rates_count_what_was_pulled_and_what_is_done(
    cluster: FakeCluster, begin: Make, clock: Clock, wanted: str | None
) -> None:
    cluster.put("T", *"abcde")
    consumer = begin(wanted)
    if wanted is None:
        result_of(consumer.assign(Q[:1]))
    poll(consumer, max_messages=3)
    poll(consumer)
    header = GetConsumerRunningInfoRequestHeader(consumer_group="G", client_id="x")
    command = Command(code=RequestCode.GET_CONSUMER_RUNNING_INFO)
    reply = consumer._session._serve(Request(command, header, FakeConnection()))
    status = loose_json.decode(reply.body, type=ConsumerRunningInfo).status_table["T"]
    assert (status.pull_tps, status.consume_ok_tps) == (0.5, 0.3)


def test_a_poll_waits(cluster: FakeCluster, begin: Make, clock: Clock) -> None:
    consumer = begin()
    polled = held(consumer.poll(timeout_s=10))
    with pytest.raises(PollUnderWayError):
        result_of(consumer.poll())
    clock.advance(5)
    cluster.put("T", "a")
    assert [m.body for m in polled[0]] == [b"a"]
    polled = held(consumer.poll(timeout_s=10))
    clock.advance(10)
    assert polled == [[]]
    # the wait that is over takes nothing away
    cluster.put("T", "b")
    assert poll(consumer) == [b"b"]


def test_iterating_acks_the_one_before(
    cluster: FakeCluster, make: Make, clock: Clock
) -> None:
    cluster.put("T", "a", "b", "c")
    got: list[bytes] = []

    async def consume() -> None:
        async with make() as consumer:
            async for message in consumer:
                got.append(message.body)
                if message.body == b"b":
                    break

    result_of(Deferred.fromCoroutine(consume()))
    assert got == [b"a", b"b"]
    assert committed(cluster) == {0: 2}
    assert cluster.members["G"] == {}
    assert not clock.getDelayedCalls()


@pytest.mark.parametrize(("fails", "offset"), [(False, {0: 3}), (True, {0: 2})])
def test_only_a_clean_exit_counts_as_done(
    cluster: FakeCluster, make: Make, fails: bool, offset: dict[int, int]
) -> None:
    cluster.put("T", "a", "b", "c")

    async def consume() -> None:
        async with make() as consumer:
            await consumer.poll(max_messages=2)
            await consumer.poll()
            if fails:
                raise ValueError("no")

    ended = held(Deferred.fromCoroutine(consume()))
    assert (ended != [None]) is fails
    assert committed(cluster) == offset


def test_members_share_the_queues_and_listeners_hear_of_it(
    cluster: FakeCluster, begin: Make
) -> None:
    one = begin(changes={"instance_name": "1"})
    heard: list[int] = []
    off = one.on_assigned(lambda queues: heard.append(len(queues)))
    two = begin(changes={"instance_name": "2"})
    one._session.handlers[RequestCode.NOTIFY_CONSUMER_IDS_CHANGED](None)  # type: ignore[arg-type]
    assert (one.assignment, two.assignment) == (Q[:2], Q[2:])
    assert heard == [3, 2]
    off()


def test_queues_can_be_chosen(cluster: FakeCluster, begin: Make) -> None:
    for n in range(4):
        cluster.put("T", f"q{n}", queue_id=n)
    consumer = begin(None)
    assert poll(consumer) == []
    result_of(consumer.assign(Q[:2]))
    assert poll(consumer) == [b"q0", b"q1"]
    assert poll(consumer) == []
    result_of(consumer.assign(Q[1:3]))
    assert consumer.assignment == Q[1:3]
    assert poll(consumer) == [b"q2"]
    assert committed(cluster)[0] == 1


def test_a_queue_that_is_chosen_is_begun_when_it_can_be(
    cluster: FakeCluster, begin: Make, clock: Clock
) -> None:
    cluster.put("T", "a")
    consumer = begin(None)
    cluster.down.add(cluster.addresses["broker-0"])
    result_of(consumer.assign(Q[:1]))
    assert consumer.assignment == []
    cluster.down.clear()
    clock.advance(1)
    assert poll(consumer) == [b"a"]


def test_chosen_queues_can_be_filtered(cluster: FakeCluster, begin: Make) -> None:
    cluster.put("T", "a", tag="x")
    cluster.put("T", "b", tag="y")
    consumer = begin(None)
    result_of(consumer.assign(Q[:1], "y"))
    assert poll(consumer) == [b"b"]


def test_subscribing_and_choosing_do_not_mix(begin: Make) -> None:
    with pytest.raises(SubscribedError):
        result_of(begin().assign(Q))


def test_seeking(cluster: FakeCluster, begin: Make, clock: Clock) -> None:
    cluster.put("T", *"abcdef")
    cluster.min_offsets[Q[0]] = 1
    consumer = begin()
    assert poll(consumer) == [b"b", b"c", b"d", b"e", b"f"]
    result_of(consumer.seek(Q[0], 4))
    assert consumer.position(Q[0]) == 4
    assert poll(consumer) == [b"e", b"f"]
    result_of(consumer.seek_to_begin(Q[0]))
    assert poll(consumer, max_messages=1) == [b"b"]
    assert consumer.position(Q[0]) == 2
    result_of(consumer.seek_to_end(Q[0]))
    assert poll(consumer) == []
    cluster.put("T", "g")
    assert poll(consumer) == [b"g"]
    with pytest.raises(ArgumentError, match="offset is 99, not 1 to 7"):
        result_of(consumer.seek(Q[0], 99))
    assert poll(consumer) == []


def test_what_was_given_before_a_seek_is_not_done_by_what_comes_after_it(
    cluster: FakeCluster, begin: Make, clock: Clock
) -> None:
    cluster.put("T", *"abc")
    consumer = begin()
    assert poll(consumer) == [b"a", b"b", b"c"]
    result_of(consumer.seek(Q[0], 0))
    # fetched again already, but not given: it must come after a crash
    assert poll(consumer, max_messages=1) == [b"a"]
    clock.advance(5)
    assert committed(cluster) == {}
    result_of(consumer.commit())
    assert committed(cluster) == {0: 1}


class SlowPool(FakePool):
    """Answers when it likes."""

    def __init__(self, cluster: FakeCluster, random: Random) -> None:
        super().__init__(cluster)
        self._clock = cluster.clock
        self._random = random

    def request(
        self, address: str, code: int, header: Any, body: bytes, timeout_s: float
    ) -> Deferred[Command]:
        """Ask now or later, and answer later still; who cancels hears nothing."""
        there = deferLater(self._clock, self._random.choice([0, 0.1, 0.5]))
        asked = there.addCallback(
            lambda _: super(SlowPool, self).request(
                address, code, header, body, timeout_s
            )
        )
        back = self._random.choice([0, 0.1, 0.5])
        return asked.addCallback(
            lambda answer: deferLater(self._clock, back, _give, answer)
        )


def _give(answer: Command) -> Command:
    return answer


def soon(clock: Clock, deferred: Deferred[Any]) -> Any:
    results = held(deferred)
    for _ in range(400):
        if results:
            break
        clock.advance(0.05)
    return result_of(deferred) if not results else results[0]


@pytest.mark.parametrize("seed", range(12))
def test_a_seek_is_never_lost(cluster: FakeCluster, clock: Clock, seed: int) -> None:
    """Whatever is under way at the time: looking up where to begin, pulls, answers."""
    random = Random(seed)
    cluster.create("T", queues=1)
    cluster.put("T", *map(str, range(100)))
    pool = SlowPool(cluster, random)
    settings = cluster.settings(pool=pool)
    consumer = LitePullConsumer("G", settings=settings, start_from=StartFrom.FIRST)
    soon(clock, consumer.start())
    held(consumer.assign([Q[0]]))
    for _ in range(8):
        clock.pump([0.05] * random.choice([0, 1, 2, 5, 20]))
        if random.random() < 0.5:
            held(consumer.poll(0, random.randrange(1, 40)))
        target = random.randrange(100)
        assert soon(clock, consumer.seek(Q[0], target)) is None
        clock.pump([0.05] * random.choice([0, 1, 2, 5, 20]))
        [message] = soon(clock, consumer.poll(20, 1))
        assert message.queue_offset == target
    soon(clock, consumer.close())


def test_pausing(cluster: FakeCluster, begin: Make, clock: Clock) -> None:
    consumer = begin()
    cluster.put("T", "a", "b")
    consumer.pause(Q[0])
    cluster.put("T", "c")  # a pull was under way
    cluster.put("T", "d", queue_id=1)
    assert poll(consumer) == [b"d"]
    assert consumer.paused == {Q[0]}
    before = cluster.codes().count(PULL)
    cluster.put("T", "e")
    assert cluster.codes().count(PULL) == before
    consumer.resume(Q[0])
    assert poll(consumer) == [b"a", b"b", b"c", b"e"]


def test_a_queue_may_be_paused_before_it_is_there(
    cluster: FakeCluster, make: Make
) -> None:
    cluster.put("T", "a")
    cluster.put("T", "b", queue_id=1)
    consumer = make(None)
    consumer.assign(Q[:2])
    consumer.pause(Q[0])
    result_of(consumer.start())
    assert poll(consumer) == [b"b"]
    result_of(consumer.seek(Q[0], 0))
    assert poll(consumer) == []
    consumer.resume(Q[0])
    assert poll(consumer) == [b"a"]


def test_what_is_fetched_ahead_has_limits(
    cluster: FakeCluster, begin: Make, clock: Clock
) -> None:
    for n in range(4):
        cluster.put("T", *map(str, range(100)), queue_id=n)
    consumer = begin(prefetch=Limits(50), prefetch_in_all=Limits(120))
    windows = [puller.window for puller in consumer._owned.pullers.values()]
    assert {window.limits.messages for window in windows} == {30}
    # a pull brings up to 32 where one more would do; the first queue had no others
    assert max(map(len, windows)) <= 50 + 32
    got = 0
    while messages := poll(consumer):
        got += len(messages)
    assert got == 400


def test_offsets(cluster: FakeCluster, begin: Make, clock: Clock) -> None:
    cluster.put("T", "a")
    clock.advance(60)
    cluster.put("T", "b")
    consumer = begin(start_from=StartFrom.LAST)
    later = datetime.fromtimestamp(WALL_MS / 1000 + 30, UTC)
    assert result_of(consumer.offset_at(Q[0], later)) == 1
    assert result_of(consumer.min_offset(Q[0])) == 0
    assert result_of(consumer.max_offset(Q[0])) == 2
    assert result_of(consumer.queues("T")) == Q


def test_a_commit_that_a_broker_does_not_take_fails(
    cluster: FakeCluster, begin: Make
) -> None:
    cluster.put("T", "a")
    consumer = begin()
    poll(consumer)
    code = RequestCode.UPDATE_CONSUMER_OFFSET
    cluster.refuse[code] = ResponseCode.SYSTEM_BUSY, "no"
    with pytest.raises(CommitFailedError) as caught:
        result_of(consumer.commit())
    assert Q[0] in caught.value.queues
    cluster.refuse.clear()
    result_of(consumer.commit())
    assert committed(cluster) == {0: 1}


def test_nothing_is_committed_by_itself_where_that_is_off(
    cluster: FakeCluster, begin: Make, clock: Clock
) -> None:
    cluster.put("T", "a")
    consumer = begin(commit_s=None)
    poll(consumer)
    poll(consumer)
    clock.advance(60)
    result_of(consumer.close())
    assert cluster.committed == {}


def test_an_operator_can_reset_it(
    cluster: FakeCluster, begin: Make, clock: Clock
) -> None:
    cluster.put("T", *"abc")
    consumer = begin()
    assert poll(consumer) == [b"a", b"b", b"c"]
    body = loose_json.encode(ResetOffsetBody(offset_table={Q[0]: 1}))
    reset = consumer._session.handlers[RequestCode.RESET_CONSUMER_CLIENT_OFFSET]
    reset(Request(Command(code=220, body=body), None, None))  # type: ignore[arg-type]
    assert poll(consumer) == [b"b", b"c"]
    assert committed(cluster) == {0: 1}


def test_a_broker_that_was_away_is_read_again(
    cluster: FakeCluster, begin: Make, clock: Clock
) -> None:
    consumer = begin()
    address = cluster.addresses["broker-0"]
    cluster.down.add(address)
    clock.pump([1.0] * 40)
    cluster.down.clear()
    cluster.put("T", "a", "b")
    clock.pump([1.0] * 5)
    assert poll(consumer) == [b"a", b"b"]
    result_of(consumer.commit())
    assert committed(cluster) == {0: 2}


def test_conditions_and_tags_go_with_each_pull(
    cluster: FakeCluster, begin: Make
) -> None:
    cluster.put("T", "a", tag="x")
    cluster.put("T", "b", tag="y")
    assert poll(begin("y")) == [b"b"]
    begin(Sql("price > 3"))
    header = [header for _, code, header in cluster.requests if code == PULL][-1]
    assert (header.expression_type, header.subscription) == ("SQL92", "price > 3")


@pytest.mark.parametrize(
    ("field", "call"),
    [
        ("timeout_s", lambda consumer: consumer.poll(-1)),
        ("max_messages", lambda consumer: consumer.poll(1, 0)),
        ("offset", lambda consumer: consumer.seek(Q[0], -1)),
    ],
)
def test_wrong_arguments_are_refused_before_anything_is_sent(
    cluster: FakeCluster, begin: Make, field: str, call: Any
) -> None:
    consumer = begin()
    before = len(cluster.requests)
    with pytest.raises(ArgumentError) as caught:
        result_of(call(consumer))
    assert caught.value.field == field
    assert len(cluster.requests) == before


def test_wrong_options(cluster: FakeCluster) -> None:
    for field, options in [
        ("subscriptions", {"subscriptions": {}}),
        ("commit_s", {"commit_s": 0}),
    ]:
        with pytest.raises(ArgumentError) as caught:
            LitePullConsumer("G", settings=cluster.settings(), **options)  # type: ignore[arg-type]
        assert caught.value.field == field


def test_queues_of_others_are_not_touched(begin: Make) -> None:
    consumer = begin()
    foreign = MessageQueue("U", "broker-0", 0)
    for call in (consumer.seek_to_begin, consumer.seek_to_end):
        with pytest.raises(NotAssignedError):
            result_of(call(foreign))
    with pytest.raises(NotAssignedError):
        consumer.position(foreign)


def test_only_a_running_one_can_be_polled(make: Make) -> None:
    consumer = make()
    for call in (consumer.poll, consumer.commit):
        with pytest.raises(NotRunningError):
            result_of(call())
    with pytest.raises(NotRunningError):
        aiter(consumer)


def test_closing_ends_a_poll(begin: Make, clock: Clock) -> None:
    consumer = begin()
    polled = held(consumer.poll(60))
    result_of(consumer.close())
    assert polled == [[]]
    assert not clock.getDelayedCalls()


def test_a_queue_that_is_lost_while_it_is_sought_keeps_no_position(
    cluster: FakeCluster, begin: Make
) -> None:
    cluster.put("T", *"abc")
    consumer = begin(None)
    result_of(consumer.assign(Q[:1]))
    answer = cluster.wait_for(RequestCode.GET_MAX_OFFSET)
    sought = held(consumer.seek_to_end(Q[0]))
    result_of(consumer.assign([]))
    answer.callback(None)
    assert sought[0].check(NotAssignedError)
    result_of(consumer.assign(Q[:1]))
    assert poll(consumer) == [b"a", b"b", b"c"]
