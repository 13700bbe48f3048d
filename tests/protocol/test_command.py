from twistedmq.protocol.command import ONE_WAY_FLAG, RESPONSE_FLAG, Command


def test_the_flags_of_a_command() -> None:
    assert not Command(code=1).is_response
    assert not Command(code=1).is_one_way
    assert Command(code=1, flag=RESPONSE_FLAG).is_response
    assert Command(code=1, flag=ONE_WAY_FLAG).is_one_way


def test_commands_do_not_share_their_fields() -> None:
    one, other = Command(code=1), Command(code=1)
    one.fields["a"] = "b"
    assert other.fields == {}
