import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from write_side import command_of, genuine_pairs

from twistedmq.broker.locks.handlers import LockHandlers
from twistedmq.broker.locks.table import QueueLocks
from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies import MessageQueue
from twistedmq.protocol.codec import decode_command
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import Command
from twistedmq.remoting.dispatch import Dispatcher
from twistedmq.testing.connections import FakeConnection


def answer(dispatcher: Dispatcher, command: Command) -> Command:
    buffers = dispatcher.answer(command, FakeConnection())
    assert not isinstance(buffers, Deferred)
    return decode_command(b"".join(buffers)[4:])


def queues(body: object) -> list[tuple[str, int]]:
    found = loose_json.decode_any(body)["lockOKMQSet"]  # type: ignore[arg-type]
    return sorted((queue["topic"], queue["queueId"]) for queue in found)


def test_genuine_requests_get_the_genuine_answers() -> None:
    locks = QueueLocks(Clock().seconds)
    locks.lock("GLock", [MessageQueue("T1", "broker-a", 0)], "cid-1")
    dispatcher = Dispatcher(LockHandlers(locks).table())
    for request, genuine in genuine_pairs("lock_batch_mq"):
        assert genuine is not None
        ours = answer(dispatcher, command_of(request))
        assert ours.code == genuine["response_code"]
        theirs = genuine["body_json"]["lockOKMQSet"]
        wanted = sorted((queue["topic"], queue["queueId"]) for queue in theirs)
        assert queues(ours.body) == wanted


def test_unlocking_frees_the_queues() -> None:
    locks = QueueLocks(Clock().seconds)
    locks.lock("GLock", [MessageQueue("T1", "broker-a", 0)], "cid-1")
    dispatcher = Dispatcher(LockHandlers(locks).table())
    for name in ("lock_batch_mq", "unlock_batch_mq"):
        for request, _ in genuine_pairs(name):
            if request["serialization"] == "JSON":
                assert answer(dispatcher, command_of(request)).code == 0
    freed = {pair[0]["body_json"]["consumerGroup"] for pair in genuine_pairs(name)}
    assert freed
    for group in freed:
        assert not locks.any_held(group)


@pytest.mark.parametrize(
    "code", [RequestCode.LOCK_BATCH_MQ, RequestCode.UNLOCK_BATCH_MQ]
)
@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"mqSet":[1]}', b'{"mqSet":"x"}'])
def test_bodies_that_say_nothing_are_refused_and_lock_nothing(
    code: int, body: bytes
) -> None:
    locks = QueueLocks(Clock().seconds)
    dispatcher = Dispatcher(LockHandlers(locks).table())
    reply = answer(dispatcher, Command(code=code, opaque=1, body=body))
    assert reply.code == ResponseCode.SYSTEM_ERROR
    assert reply.remark
    assert not locks._locks


def test_no_queues_are_locked_for_who_asks_for_none() -> None:
    dispatcher = Dispatcher(LockHandlers(QueueLocks(Clock().seconds)).table())
    body = b'{"consumerGroup":"g","clientId":"c","onlyThisBroker":true}'
    code = RequestCode.LOCK_BATCH_MQ
    reply = answer(dispatcher, Command(code=code, opaque=1, body=body))
    assert (reply.code, queues(reply.body)) == (0, [])
