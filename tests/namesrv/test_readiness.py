import pytest
from twisted.internet.task import Clock

from twistedmq.config.namesrv import NamesrvConfig
from twistedmq.namesrv.readiness import NotReadyError, Readiness


def is_ready(readiness: Readiness) -> bool:
    try:
        readiness.check()
    except NotReadyError:
        return False
    return True


def test_not_before_the_start_and_not_once_stopping() -> None:
    readiness = Readiness(Clock().seconds, NamesrvConfig())
    assert not is_ready(readiness)
    readiness.startService()
    assert is_ready(readiness)
    readiness.stopService()
    assert not is_ready(readiness)
    assert not readiness.is_serving


def test_a_while_may_be_waited_for_the_brokers() -> None:
    clock = Clock()
    readiness = Readiness(clock.seconds, NamesrvConfig(wait_for_service=True))
    readiness.startService()
    clock.advance(44)
    assert not is_ready(readiness)
    assert readiness.is_serving
    clock.advance(1)
    assert is_ready(readiness)


def test_it_is_said_in_upstreams_words() -> None:
    with pytest.raises(NotReadyError, match="name server not ready"):
        Readiness(Clock().seconds, NamesrvConfig()).check()
