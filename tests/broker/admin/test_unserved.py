"""How each is answered by a whole broker is tested in tests/app/test_request_codes."""

from twistedmq.broker.admin.unserved import UNSERVED, table
from twistedmq.protocol.command import Reply
from twistedmq.testing.connections import make_request


def test_each_code_is_listed_once_and_always_gets_its_answer() -> None:
    handlers = table()
    assert len(handlers) == len(UNSERVED)
    for entry in UNSERVED:
        reply = handlers[entry.code](make_request(entry.code, body=b"whatever"))
        assert isinstance(reply, Reply)
        assert (reply.code, reply.remark) == (entry.answer, entry.remark)
