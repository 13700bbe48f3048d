import pytest

from twistedmq.config.flow import FlowConfig
from twistedmq.config.loading import from_option, load_settings
from twistedmq.config.settings import ConfigError
from twistedmq.config.tables import broker_keys


def read(*texts: str) -> FlowConfig:
    settings = load_settings(broker_keys(), options=map(from_option, texts))
    return settings[FlowConfig]


def test_there_is_no_limit_of_rates_unless_one_is_set() -> None:
    config = read()
    assert config.send_wait_ms == 200
    assert config.client_messages == config.client_bytes == 0
    assert config.topic_messages == config.topic_bytes == 0


def test_limits_are_numbers() -> None:
    assert read("clientMaxBytesPerSecond=10485760").client_bytes == 10 << 20
    with pytest.raises(ConfigError, match="topicMaxMessagesPerSecond"):
        read("topicMaxMessagesPerSecond=-1")
