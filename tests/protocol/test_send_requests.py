"""Requests from a template, held against those that are written member by member."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from twistedmq.protocol.codec import encode_command, encode_request
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.command import ONE_WAY_FLAG, Command
from twistedmq.protocol.fields import encode_fields
from twistedmq.protocol.headers import SendMessageRequestHeaderV2

NAMES = st.sampled_from(["T", "%RETRY%G", "100%d %b", 'a"\\b', "ü"])
INT32 = st.integers(0, 2**31 - 1)
HEADERS = st.builds(
    SendMessageRequestHeaderV2,
    producer_group=NAMES,
    topic=NAMES,
    default_topic=st.just("TBW102"),
    default_topic_queue_nums=st.integers(1, 8),
    queue_id=st.integers(-1, 8),
    sys_flag=st.sampled_from([0, 1, 4]),
    born_timestamp=st.integers(0, 2**63 - 1),
    flag=st.sampled_from([0, 1, -1]),
    properties=st.none() | st.text(),
    reconsume_times=st.none() | st.integers(0, 16),
    unit_mode=st.none() | st.booleans(),
    max_reconsume_times=st.none() | st.integers(0, 16),
    batch=st.none() | st.booleans(),
    broker_name=st.none() | NAMES,
    namespace=st.none() | NAMES,
    logical=st.none() | st.booleans(),
)


@given(
    code=st.sampled_from(
        [RequestCode.SEND_MESSAGE_V2, RequestCode.SEND_BATCH_MESSAGE, 324]
    ),
    opaque=INT32,
    header=HEADERS,
    body=st.binary(max_size=20),
    flag=st.sampled_from([0, ONE_WAY_FLAG]),
)
def test_a_template_gives_the_same_bytes(
    code: int, opaque: int, header: SendMessageRequestHeaderV2, body: bytes, flag: int
) -> None:
    fields = encode_fields(header)
    whole = Command(code=code, opaque=opaque, flag=flag, fields=fields, body=body)
    assert encode_request(code, opaque, header, body, flag=flag) == encode_command(
        whole
    )


def test_what_is_no_plain_request_is_written_as_any_other() -> None:
    header: Any = SendMessageRequestHeaderV2(
        producer_group="G",
        topic="T",
        default_topic="D",
        default_topic_queue_nums=4,
        queue_id=0,
        sys_flag=0,
        born_timestamp=1,
        flag=0,
        properties="",
    )
    code = RequestCode.SEND_MESSAGE_V2
    remarked = encode_request(code, 1, header, remark="why")
    assert b'"remark":"why"' in remarked
    assert encode_request(code, 1, header, serialization=1)[4] == 1
    assert encode_request(code, 1, header, memoryview(b"body")).endswith(b"body")
