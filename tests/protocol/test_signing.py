import pytest

from twistedmq.protocol.errors import InvalidParameterError
from twistedmq.protocol.signing import Credentials

KEYS = Credentials("alice", "alice-password")


def test_values_are_signed_in_the_order_of_their_names() -> None:
    signed = KEYS.sign({"topic": "T", "a": "1"}, b"body")
    # printf '%s' alice1Tbody | openssl dgst -sha1 -hmac alice-password -binary | base64
    assert signed == {
        "topic": "T",
        "a": "1",
        "AccessKey": "alice",
        "Signature": "ymM4+UyLGGKjyYiuU0OgsOzXGkU=",
    }


def test_a_security_token_is_signed_too() -> None:
    keys = Credentials("alice", "alice-password", "token")
    signed = keys.sign({}, memoryview(b""))
    assert signed["SecurityToken"] == "token"
    assert signed["Signature"] == "wCFEk4bO54IaBsDAXig+TmRXWLA="


def test_what_is_signed_stays_as_it_was() -> None:
    fields = {"a": "1"}
    KEYS.sign(fields, b"")
    assert fields == {"a": "1"}


@pytest.mark.parametrize(
    ("keys", "name"), [(("", "x"), "access_key"), (("x", ""), "secret_key")]
)
def test_empty_keys_are_refused(keys: tuple[str, str], name: str) -> None:
    with pytest.raises(InvalidParameterError, match=f"{name} is empty"):
        Credentials(*keys)


def test_secrets_are_not_shown() -> None:
    assert repr(KEYS) == "<Credentials of 'alice'>"
