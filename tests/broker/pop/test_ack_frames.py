import pytest
from hypothesis import given
from hypothesis import strategies as st
from pop_side import PopSide
from write_side import frame_of, genuine_pairs

from twistedmq.broker.pop.ack_frames import decode_acks, refusal_reply, success_replies
from twistedmq.protocol.codec import decode_command, encode_request
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.command import ONE_WAY_FLAG
from twistedmq.protocol.errors import FrameError, MessageIllegalError
from twistedmq.protocol.framing import FrameDecoder
from twistedmq.protocol.headers import AckMessageRequestHeader


def frame(opaque: int = 1, flag: int = 0, offset: int = 5, **fields: object) -> bytes:
    values: dict[str, object] = {
        "consumer_group": "G",
        "topic": "T",
        "queue_id": 2,
        "extra_info": f"5 1000 30000 1 0 b 2 {offset}",
        "offset": offset,
    }
    header = AckMessageRequestHeader(**values | fields)  # type: ignore[arg-type]
    return encode_request(RequestCode.ACK_MESSAGE, opaque, header, flag=flag)[4:]


def test_acks_of_one_pop_come_together() -> None:
    acks = decode_acks([frame(1), frame(2, offset=6), frame(3, queue_id=3)])
    first, second = acks.groups
    assert (first.topic, first.group, first.queue_id) == ("T", "G", 2)
    assert (first.opaques, first.offsets) == ([1, 2], [5, 6])
    assert (first.handle.start_offset, first.handle.broker_name) == (5, "b")
    assert second.opaques == [3]
    assert acks.refused == []


def test_acks_of_genuine_clients() -> None:
    frames = [frame_of(request) for request, _ in genuine_pairs("ack_message")]
    acks = decode_acks(frames)
    assert sum(len(group.opaques) for group in acks.groups) == len(frames)
    assert acks.refused == []


def test_handles_without_an_offset_and_one_way_acks() -> None:
    text = "5 1000 30000 1 0 b"
    acks = decode_acks([frame(7, ONE_WAY_FLAG, extra_info=text)])
    assert acks.one_way == {7}
    assert acks.groups[0].offsets == [5]


def test_what_is_no_ack_is_refused_alone() -> None:
    bad = encode_request(RequestCode.ACK_MESSAGE, 8, None)[4:]
    silent = encode_request(RequestCode.ACK_MESSAGE, 9, None, flag=ONE_WAY_FLAG)[4:]
    acks = decode_acks([frame(1), bad, silent, frame(2, extra_info="nonsense")])
    assert [opaque for opaque, _ in acks.refused] == [8, 9, 2]
    assert [group.opaques for group in acks.groups] == [[1]]
    assert acks.one_way == {9}


def test_odd_json_goes_the_slow_way() -> None:
    plain = frame(4)
    head = plain[4:].replace(b'"queueId":"2"', b"queueId:2")
    odd = len(head).to_bytes(4) + head
    acks = decode_acks([odd])
    assert acks.groups[0].opaques == [4]


def test_what_is_no_frame_ends_the_connection() -> None:
    with pytest.raises(FrameError):
        decode_acks([b"\0\0\0\1{"])


@given(st.lists(st.integers(-(2**31), 2**31 - 1)))
def test_the_answers_are_whole_frames(opaques: list[int]) -> None:
    frames = FrameDecoder(1 << 20).feed(success_replies(opaques))
    answers = [decode_command(each) for each in frames]
    assert [answer.opaque for answer in answers] == opaques
    assert all(answer.code == 0 and answer.is_response for answer in answers)


def test_a_refusal_says_why() -> None:
    (data,) = FrameDecoder(1 << 20).feed(refusal_reply(5, MessageIllegalError("no")))
    answer = decode_command(data)
    assert (answer.opaque, answer.code, answer.remark) == (5, 13, "no")


def test_the_kit_sends_the_same_frames() -> None:
    side = PopSide()
    side.topic("T")
    side.send(b"a")
    assert decode_acks(side.ack_frames(*side.pop())).groups[0].offsets == [0]
