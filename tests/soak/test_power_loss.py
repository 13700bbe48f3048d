"""Losses of power for as long as one likes; the same cases as in ``make test``."""

import pytest
from power_loss import power_losses

pytestmark = pytest.mark.soak


@pytest.mark.parametrize("first", range(1000, 11_000, 1000))
def test_a_hundred_thousand_losses_of_power(first: int) -> None:
    for seed in range(first, first + 1000):
        power_losses(seed, 10)
