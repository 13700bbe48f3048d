from twistedmq.aio.errors import (
    LoopError,
    NoLoopError,
    ReactorInstalledError,
    WrongLoopError,
)
from twistedmq.client.errors import ClientError


def test_they_are_errors_of_the_client_and_say_what_to_do() -> None:
    told = [
        (NoLoopError("attach"), "use it in a coroutine"),
        (WrongLoopError("Producer", closed=True), "make one in each loop"),
        (ReactorInstalledError("EPollReactor"), "call attach(install=True) before"),
    ]
    for error, advice in told:
        assert isinstance(error, LoopError)
        assert isinstance(error, ClientError)
        assert advice in str(error)


def test_whether_a_loop_has_ended_is_said() -> None:
    assert "which has ended" in str(WrongLoopError("Producer", closed=True))
    assert "has ended" not in str(WrongLoopError("Producer", closed=False))
