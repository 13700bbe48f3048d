from twistedmq.remoting.capabilities import PLAIN, detect


def test_everything_is_used_unless_switched_off():
    assert detect({}).direct_send
    assert detect({"TWISTEDMQ_PLAIN_IO": "1"}) == PLAIN
    assert detect({"TWISTEDMQ_PLAIN_IO": ""}).direct_send
