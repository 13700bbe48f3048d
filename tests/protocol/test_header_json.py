import pytest
from hypothesis import given
from hypothesis import strategies as st

from twistedmq.protocol.codes import LanguageCode
from twistedmq.protocol.command import Command
from twistedmq.protocol.errors import HeaderError
from twistedmq.protocol.header_json import decode, encode

int32 = st.integers(-(2**31), 2**31 - 1)
commands = st.builds(
    Command,
    code=int32,
    opaque=int32,
    flag=int32,
    fields=st.dictionaries(st.text(), st.text(), max_size=5),
    remark=st.none() | st.text(),
    language=st.sampled_from(list(LanguageCode)).map(int),
    version=int32,
)


@given(commands)
def test_what_is_encoded_is_decoded(command: Command) -> None:
    assert decode(encode(command), b"") == command


def test_it_looks_like_the_genuine_one() -> None:
    command = Command(code=105, opaque=7, fields={"topic": "T"}, remark='say "ü"')
    assert encode(command).decode() == (
        '{"code":105,"extFields":{"topic":"T"},"flag":0,"language":"PYTHON","opaque":7,'
        '"remark":"say \\"ü\\"","serializeTypeCurrentRPC":"JSON","version":493}'
    )


def test_what_is_not_there_is_left_out() -> None:
    assert encode(Command(code=0, flag=1)).decode() == (
        '{"code":0,"flag":1,"language":"PYTHON","opaque":0,'
        '"serializeTypeCurrentRPC":"JSON","version":493}'
    )


def test_members_may_come_in_any_order_and_unknown_ones_too() -> None:
    header = b'{"x":[1],"version":5,"opaque":2, "code":10,"language":"GO"}'
    command = decode(header, b"body")
    assert command == Command(
        code=10, opaque=2, version=5, language=LanguageCode.GO, body=b"body"
    )


@pytest.mark.parametrize(
    ("header", "fields"),
    [
        (b'{"code":1,"extFields":{"a":1,"b":true,"c":null}}', {"a": "1", "b": "true"}),
        (b'{"code":"1","extFields":{"a":{"b":[1]}}}', {"a": '{"b":[1]}'}),
        (b"{'code':1,'extFields':{'a':'it''s',}}", None),
        (b"{code:1,extFields:{a:'b',},}", {"a": "b"}),
        (b'{"code":1,"extFields":{"i":"KEYS\x01k\x02"}}', {"i": "KEYS\x01k\x02"}),
        (b'{"code":1,"extFields":null,"remark":null}', {}),
        (b'{"code":1,"extFields":{"a":"\xff"}}', {"a": "\ufffd"}),
        (b'{"code":1,"extFields":{"a":"\\ud800"}}', {"a": "\ufffd"}),
        (b'{"code":1,"language":9,"extFields":{"a":1.5}}', {"a": "1.5"}),
    ],
)
def test_odd_clients_are_understood(
    header: bytes, fields: dict[str, str] | None
) -> None:
    if fields is None:
        with pytest.raises(HeaderError):
            decode(header, b"")
    else:
        command = decode(header, b"")
        assert command.code == 1
        assert command.fields == fields


@pytest.mark.parametrize(
    ("language", "wanted"),
    [
        (b'"KOTLIN"', LanguageCode.OTHER),
        (b"9", LanguageCode.GO),
        (b"99", LanguageCode.OTHER),
        (b"null", LanguageCode.OTHER),
        (b'"CPP"', LanguageCode.CPP),
    ],
)
def test_an_unknown_language_is_another(language: bytes, wanted: LanguageCode) -> None:
    assert decode(b'{"code":1,"language":%b}' % language, b"").language == wanted


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"{",
        b"[]",
        b"1",
        b'"text"',
        b"null",
        b'{"code":"ten"}',
        b'{"code":4294967296}',
        b'{"code":1,"extFields":[]}',
        b'{"opaque":' + b"1" * 400 + b"}",
        b'{"extFields":' + b"[" * 50_000,
        b'{"extFields":{"a":' + b"[" * 50_000 + b"]" * 50_000 + b"}}",
    ],
)
def test_what_is_no_header_is_refused(header: bytes) -> None:
    with pytest.raises(HeaderError):
        decode(header, b"")
