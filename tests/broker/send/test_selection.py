from write_side import send_frame

from twistedmq.broker.send.selection import merged, select
from twistedmq.protocol.batch_body import BatchItem, encode_batch
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.send_decoding import SendDecoder

PEER = b"\x7f\0\0\1\0\0\x10\x01"


def test_requests_keep_their_messages() -> None:
    two = encode_batch([BatchItem(flag=0, body=b"b1"), BatchItem(flag=0, body=b"b2")])
    frames = [
        send_frame("A", b"a", opaque=1),
        send_frame("B", two, opaque=2, code=RequestCode.SEND_BATCH_MESSAGE),
        send_frame("C", b"c", opaque=3),
    ]
    sends = SendDecoder(b"", lambda: "made").decode(frames, PEER)
    some = select(sends, [1, 2])
    assert some.opaques == [2, 3]
    assert some.counts == [2, 1]
    assert some.batch.topics == ["B", "B", "C"]
    assert some.batch.bodies == [b"b1", b"b2", b"c"]
    assert len(some.property_maps) == 3
    assert some.refused == []
    assert select(sends, [0, 1, 2]) == sends
    assert len(select(sends, []).batch) == 0


def test_batches_become_one() -> None:
    frames = [send_frame(topic, topic.encode()) for topic in "ABC"]
    decoder = SendDecoder(b"", lambda: "made")
    whole = decoder.decode(frames, PEER).batch
    parts = [decoder.decode(some, PEER).batch for some in (frames[:1], frames[1:])]
    assert merged(parts) == whole
