from twistedmq.config.loading import from_option, load_settings
from twistedmq.config.locks import LockConfig
from twistedmq.config.tables import broker_keys


def test_locks_last_a_minute_unless_told_otherwise() -> None:
    assert load_settings(broker_keys())[LockConfig].expires_ms == 60_000
    told = load_settings(
        broker_keys(), options=[from_option("rebalanceLockMaxLiveTime=5000")]
    )
    assert told[LockConfig].expires_ms == 5_000
