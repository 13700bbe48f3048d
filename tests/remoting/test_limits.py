from msgspec.structs import fields

from twistedmq.config.remoting import RemotingConfig
from twistedmq.remoting.limits import Limits


def test_the_defaults_are_the_settings_defaults():
    assert Limits.of(RemotingConfig()) == Limits()


def test_each_limit_is_a_setting():
    config = RemotingConfig(
        **{f.name: n + 7 for n, f in enumerate(fields(Limits))}, client_idle_s=3
    )
    limits = Limits.of(config)
    assert all(
        getattr(limits, f.name) == getattr(config, f.name) for f in fields(Limits)
    )
    assert Limits.of_client(config).idle_s == 3
