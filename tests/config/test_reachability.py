from twistedmq.config.loading import from_option, load_settings
from twistedmq.config.reachability import ReachabilityConfig
from twistedmq.config.tables import broker_keys


def test_a_broker_dials_back_unless_told_otherwise() -> None:
    assert load_settings(broker_keys())[ReachabilityConfig].dial_back
    off = load_settings(broker_keys(), options=[from_option("dialBackEnable=false")])
    assert not off[ReachabilityConfig].dial_back
