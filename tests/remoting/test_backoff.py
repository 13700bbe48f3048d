from random import Random

from twistedmq.remoting.backoff import Backoff


def test_pauses_double_up_to_the_limit_and_chance_cuts_them():
    backoff = Backoff(0.1, 3.0, Random(7))
    for failures, longest in ((1, 0.1), (2, 0.2), (5, 1.6), (6, 3.0), (5000, 3.0)):
        pauses = [backoff.pause_s(failures) for _ in range(50)]
        assert all(longest / 2 <= pause <= longest for pause in pauses)
        assert len(set(pauses)) > 10


def test_a_seed_replays():
    one, other = (Backoff(0.1, 3.0, Random(1)) for _ in range(2))
    assert [one.pause_s(n) for n in range(1, 5)] == [
        other.pause_s(n) for n in range(1, 5)
    ]
