import pytest

from twistedmq.config import broker
from twistedmq.config.broker import BrokerIdentity, own_name


def test_a_broker_is_named_after_its_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker.socket, "gethostname", lambda: "mill")
    assert BrokerIdentity().broker_name == "mill"


def test_a_machine_without_a_name_gets_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker.socket, "gethostname", lambda: "")
    assert own_name() == "DEFAULT_BROKER"
