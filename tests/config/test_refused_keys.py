import pytest

from twistedmq.config.keys import Effect, Key
from twistedmq.config.loading import from_option, load_settings
from twistedmq.config.refused_keys import REFUSED_KEYS
from twistedmq.config.settings import ConfigError
from twistedmq.config.tables import broker_keys
from twistedmq.config.values import BOOLEAN

OTHER = {
    "brokerRole": "SYNC_MASTER",
    "brokerId": "1",
    "storeType": "defaultRocksDB",
    "configManagerVersion": "v2",
}


@pytest.mark.parametrize("key", REFUSED_KEYS, ids=lambda key: key.name)
def test_the_default_may_be_written_and_nothing_else(key: Key) -> None:
    assert key.effect is Effect.REFUSED
    default = from_option(f"{key.name}={key.text_of(key.default_value())}")
    load_settings(broker_keys(), options=[default])
    other = OTHER.get(key.name, "true" if key.kind is BOOLEAN else "something")
    with pytest.raises(ConfigError, match="refused") as caught:
        load_settings(broker_keys(), options=[from_option(f"{key.name}={other}")])
    assert key.reason in str(caught.value)
