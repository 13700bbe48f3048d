from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies import ConsumerConnection
from twistedmq.protocol.bodies.watched import WatchedConsumerConnection


def test_a_genuine_body_is_one_that_says_no_more() -> None:
    genuine = loose_json.encode(ConsumerConnection())
    read = loose_json.decode(genuine, type=WatchedConsumerConnection)
    assert read == WatchedConsumerConnection()
