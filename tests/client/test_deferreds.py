import pytest
from client_kit import held, result_of
from twisted.internet.defer import Deferred, fail, gatherResults, succeed

from twistedmq.client.deferreds import follow, gives_deferred, unwrapped


def test_several_can_follow_one() -> None:
    source: Deferred[int] = Deferred()
    one, two = held(follow(source)), held(follow(source))
    source.callback(7)
    assert one == two == [7]
    assert held(follow(source)) == [7]


def test_a_failure_goes_to_the_first_who_follows() -> None:
    source: Deferred[int] = Deferred()
    one, two = held(follow(source)), held(follow(source))
    source.errback(ValueError("x"))
    assert one[0].check(ValueError)
    assert two == [None]


def test_gathered_results_fail_with_the_error_itself() -> None:
    both = gatherResults([succeed(1), fail(ValueError("x"))], consumeErrors=True)
    with pytest.raises(ValueError, match="x"):
        result_of(unwrapped(both))


def test_gathered_results_pass() -> None:
    assert result_of(unwrapped(gatherResults([succeed(1)]))) == [1]


def test_a_coroutine_function_can_give_a_deferred() -> None:
    @gives_deferred
    async def double(number: int) -> int:
        """Double."""
        return 2 * number

    assert double.__doc__ == "Double."
    assert result_of(double(4)) == 8
