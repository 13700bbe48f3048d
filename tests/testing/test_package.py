import pytest

import twistedmq.testing


def test_it_lists_what_it_has() -> None:
    assert set(twistedmq.testing.__all__) <= set(dir(twistedmq.testing))
    assert twistedmq.testing.Cluster.__name__ == "Cluster"
    with pytest.raises(AttributeError, match="no attribute 'Clutter'"):
        _ = twistedmq.testing.Clutter
