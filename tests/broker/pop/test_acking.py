"""Acks of ordered pops; those of others are in test_acks."""

from pop_side import PopSide

from twistedmq.protocol.codes import ResponseCode


def ordered(*bodies: bytes) -> PopSide:
    side = PopSide()
    side.topic("T", 1)
    side.send(*bodies)
    return side


def test_nothing_more_comes_until_all_is_acknowledged() -> None:
    side = ordered(b"a", b"b", b"c")
    reply = side.pop_reply(order=True, max_msg_nums=2)
    assert isinstance(reply.header, dict)
    assert reply.header["reviveQid"] == "999"
    assert reply.header["orderCountInfo"] == "0 0 0"
    assert side.kept() == []  # there are no checkpoints
    assert side.pop(order=True) == []
    side.send(b"d")
    side.offsets.commit("G", "T", 0, 0)
    first, second = side.orders._by_name["T@G"][0].offsets()
    assert (first, second) == (0, 1)


def test_an_acknowledged_queue_goes_on_and_wakes_who_waits() -> None:
    side = ordered(b"a", b"b", b"c")
    messages = side.pop(order=True, max_msg_nums=2)
    waiting = side.begin_pop(order=True, poll_time=5_000)
    assert side.ack(messages[0])[0].code == 0
    side.turn()
    assert waiting == []
    assert side.offsets.query("G", "T", 0) == 1
    assert side.ack(messages[1])[0].code == 0
    assert side.offsets.query("G", "T", 0) == 2
    side.turn()
    assert waiting[0].code == ResponseCode.SUCCESS


def test_what_is_not_acknowledged_comes_back_in_its_place() -> None:
    side = ordered(b"a", b"b", b"c")
    first, _ = side.pop(order=True, max_msg_nums=2)
    side.ack(first)
    side.pass_time(10.5)
    reply = side.pop_reply(order=True)
    assert isinstance(reply.header, dict)
    assert reply.header["msgOffsetInfo"] == "0 0 1,2"
    assert reply.header["orderCountInfo"] == "0 qo0%1 1;0 0 0"


def test_an_ordered_pop_that_waits_is_woken_when_the_queue_is_free() -> None:
    side = ordered(b"a")
    side.pop(order=True)
    waiting = side.begin_pop(order=True, poll_time=30_000)
    side.pass_time(9.5)
    assert waiting == []
    side.pass_time(1)
    assert waiting[0].code == ResponseCode.SUCCESS


def test_the_same_try_may_ask_again() -> None:
    side = ordered(b"a")
    assert len(side.pop(order=True, attempt_id="one")) == 1
    assert side.pop(order=True, attempt_id="two") == []
    assert len(side.pop(order=True, attempt_id="one")) == 1


def test_acks_that_are_too_late_or_of_nothing_given() -> None:
    side = ordered(b"a", b"b")
    (message,) = side.pop(order=True, max_msg_nums=1)
    illegal = side.ack(message, offset=1)[0]
    assert illegal.code == ResponseCode.MESSAGE_ILLEGAL
    assert "offset is illegal, key:T@G@0" in (illegal.remark or "")
    assert side.ack(message)[0].code == 0
    assert side.ack(message)[0].code == 0  # committed already
    old = message.handle.replace(str(side.now_ms), str(side.now_ms - 1))
    side.pop(order=True)
    assert side.ack(message, extra_info=old, offset=1)[0].code == 0
    assert side.offsets.query("G", "T", 0) == 1


def test_an_operator_frees_an_ordered_queue() -> None:
    side = ordered(b"a", b"b")
    (message,) = side.pop(order=True, max_msg_nums=1)
    side.offsets.reset("G", "T", 0, 1)
    side.ack(message)
    assert [each.body for each in side.pop(order=True)] == [b"b"]
