import pytest

from twistedmq.config.filters import FilterDataConfig
from twistedmq.config.loading import from_option, load_settings
from twistedmq.config.settings import ConfigError
from twistedmq.config.tables import broker_keys


def test_bits_of_groups_are_as_a_genuine_broker_gives_them() -> None:
    config = load_settings(broker_keys())[FilterDataConfig]
    assert (config.bloom_error_percent, config.bloom_expected_groups) == (20, 32)


@pytest.mark.parametrize("rate", ["0", "100"])
def test_a_rate_is_a_percentage(rate: str) -> None:
    with pytest.raises(ConfigError, match="maxErrorRateOfBloomFilter"):
        load_settings(
            broker_keys(), options=[from_option(f"maxErrorRateOfBloomFilter={rate}")]
        )
