"""Every recorded frame is read as the genuine programs meant it, and written again."""

import pytest
from wire_vectors import Recorded, catalogue, recorded

from twistedmq.protocol import bodies, loose_json
from twistedmq.protocol.bodies.register import decode_register_body
from twistedmq.protocol.codec import decode_command, encode_command
from twistedmq.protocol.codes import LanguageCode
from twistedmq.protocol.command import BINARY, JSON, Command
from twistedmq.protocol.errors import FieldError
from twistedmq.protocol.fields import decode_fields, encode_fields
from twistedmq.protocol.framing import FrameDecoder, peek_code
from twistedmq.protocol.headers import REQUEST_HEADERS, RESPONSE_HEADERS

EVERY = pytest.mark.parametrize("vector", recorded(), ids=lambda v: v.name)
CODES = {entry["code"]: entry for entry in catalogue("request_codes")["codes"]}

# A getter of the genuine class, not a field: no reader takes it.
DERIVED = {"groupTopicMap"}


def decode(vector: Recorded) -> Command:
    (frame,) = FrameDecoder().feed(vector.frame)
    return decode_command(frame)


@EVERY
def test_a_frame_is_read_as_it_was_meant(vector: Recorded) -> None:
    command = decode(vector)
    header = vector.header
    assert command.code == header["code"]
    assert command.opaque == header["opaque"]
    assert command.flag == header["flag"]
    assert command.version == header["version"]
    assert command.remark == header.get("remark")
    assert command.fields == (header.get("extFields") or {})
    assert LanguageCode(command.language).name == header["language"]
    assert command.serialization == (JSON if vector.frame[4] == 0 else BINARY)
    assert peek_code(vector.frame[4:]) == command.code
    if vector.body is not None:
        assert command.body == vector.body


@EVERY
def test_a_frame_is_written_again(vector: Recorded) -> None:
    command = decode(vector)
    written = encode_command(command)
    (frame,) = FrameDecoder().feed(written)
    assert decode_command(frame) == command
    # The genuine writer may write no fields as {} and, signed, some fields twice.
    says_nothing = (
        vector.header.get("extFields") == {} and command.serialization == JSON
    )
    signed_twice = command.serialization == BINARY and "Signature" in command.fields
    if not says_nothing and not signed_twice:
        assert written == vector.frame


def ended_well(vector: Recorded) -> bool:
    """Whether the genuine server had nothing to object to."""
    return not any(
        other.header["code"]
        for other in recorded()
        if not other.is_request
        and all(other.said[k] == vector.said[k] for k in ("code", "pair", "path"))
    )


@EVERY
def test_its_fields_fit_the_typed_header(vector: Recorded) -> None:
    table = REQUEST_HEADERS if vector.is_request else RESPONSE_HEADERS
    cls = table.get(vector.said["code"])
    command = decode(vector)
    if cls is None or (command.is_response and not command.fields):
        return
    try:
        header = decode_fields(cls, command.fields)
    except FieldError:
        assert not ended_well(vector)
        return
    written = encode_fields(header)
    assert decode_fields(cls, written) == header
    for name, text in command.fields.items():
        assert written.get(name, text) == text


def body_class(vector: Recorded) -> type | None:
    entry = CODES.get(vector.said["code"], {})
    if not vector.is_request and vector.header["code"] != 0:
        return None
    name = entry.get("requestBody" if vector.is_request else "responseBody")
    found: type | None = getattr(bodies, name or "", None)
    return found


@EVERY
def test_its_body_is_read_and_written_again(vector: Recorded) -> None:
    command = decode(vector)
    cls = body_class(vector)
    if cls is None or not command.body:
        return
    if vector.header.get("extFields", {}).get("compressed") == "true":
        assert decode_register_body(command.body, True, command.version)
        return
    value: object = loose_json.decode(command.body, type=cls)
    wanted = loose_json.decode_any(command.body)
    written = {k: v for k, v in wanted.items() if k not in DERIVED}
    assert loose_json.decode_any(loose_json.encode(value)) == written
    assert loose_json.decode(loose_json.encode_strict(value), type=cls) == value


@EVERY
def test_a_body_that_is_json_is_read(vector: Recorded) -> None:
    command = decode(vector)
    if "body_json" in vector.said:
        assert loose_json.decode_any(command.body) == vector.said["body_json"]
    elif vector.said.get("body_text", "").startswith(("{", "[")):
        assert loose_json.decode_any(command.body)
    elif "body_text" in vector.said:
        with pytest.raises(FieldError):
            loose_json.decode_any(command.body)


def test_most_bodies_are_written_byte_for_byte() -> None:
    """But for routes, which the genuine name server writes strictly to new clients."""
    same = [
        loose_json.encode(loose_json.decode(command.body, type=cls)) == command.body
        for vector in recorded()
        if (cls := body_class(vector)) is not None
        and cls is not bodies.TopicRouteData
        and bytes((command := decode(vector)).body).startswith(b"{")
    ]
    assert sum(same) > 0.9 * len(same)
    assert len(same) > 150
