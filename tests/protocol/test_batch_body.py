from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wire_vectors import recorded

from twistedmq.protocol.batch_body import BatchItem, decode_batch, encode_batch
from twistedmq.protocol.codec import decode_command
from twistedmq.protocol.codes import RequestCode
from twistedmq.protocol.errors import FieldError, MessageIllegalError

items = st.lists(
    st.builds(
        BatchItem,
        flag=st.integers(-(2**31), 2**31 - 1),
        body=st.binary(max_size=30),
        properties=st.binary(max_size=30),
        body_crc=st.integers(0, 2**31 - 1),
    ),
    max_size=5,
)


@given(items)
def test_what_is_encoded_is_decoded(batch: list[BatchItem]) -> None:
    assert decode_batch(encode_batch(batch)) == batch
    assert decode_batch(memoryview(encode_batch(batch))) == batch


@given(items.filter(bool), st.data())
def test_a_torn_batch_is_refused(batch: list[BatchItem], data: st.DataObject) -> None:
    encoded = encode_batch(batch)
    last = len(encode_batch(batch[-1:]))
    end = data.draw(st.integers(len(encoded) - last + 1, len(encoded) - 1))
    with pytest.raises(FieldError):
        decode_batch(encoded[:end])


@given(st.binary())
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with suppress(FieldError):
        decode_batch(data)


def test_a_size_that_is_not_so_is_refused() -> None:
    encoded = bytearray(encode_batch([BatchItem(0, b"body")]))
    encoded[3] += 1
    with pytest.raises(FieldError):
        decode_batch(bytes(encoded))


def test_properties_too_long_for_a_record_are_refused() -> None:
    with pytest.raises(MessageIllegalError):
        encode_batch([BatchItem(0, b"", bytes(32768))])


def test_batches_of_the_genuine_client() -> None:
    bodies = [
        decode_command(vector.frame[4:]).body
        for vector in recorded()
        if vector.is_request and vector.said["code"] == RequestCode.SEND_BATCH_MESSAGE
    ]
    assert bodies
    for body in bodies:
        batch = decode_batch(body)
        assert batch
        assert encode_batch(batch) == body
