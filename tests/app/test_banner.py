from pathlib import Path

from twistedmq.app import banner
from twistedmq.store.interfaces import Durability


def test_the_banner_says_where_and_that_it_is_up() -> None:
    text = banner.banner(
        "broker", [("broker", "127.0.0.1:10911"), ("data", "/data")], ["rmq tail t"]
    )
    head, broker, data, *tail = text.splitlines()
    assert "boot success" in head
    assert broker.split() == ["broker", "127.0.0.1:10911"]
    assert data.split() == ["data", "/data"]
    assert tail[-1].strip() == "rmq tail t"


def test_the_hints_can_be_pasted(monkeypatch) -> None:
    monkeypatch.setattr(banner.shutil, "which", lambda _name: "/bin/rmq")
    send, tail = banner.hints("127.0.0.1:9876")
    assert send == "rmq send orders 'hello' --tag new"
    assert tail == "rmq tail orders"
    assert banner.hints("127.0.0.1:1")[1] == "rmq tail orders -n 127.0.0.1:1"


def test_without_rmq_on_the_path_the_one_beside_python_is_named(monkeypatch) -> None:
    monkeypatch.setattr(banner.shutil, "which", lambda _name: None)
    here = Path.cwd() / "venv" / "bin"
    monkeypatch.setattr(banner.sys, "executable", str(here / "python"))
    assert banner.hints("127.0.0.1:9876")[1] == "venv/bin/rmq tail orders"


def test_every_durability_is_worded() -> None:
    assert set(banner.SURVIVES) == set(Durability)


def test_who_can_reach_an_address() -> None:
    assert banner.open_to_all("0.0.0.0")
    assert not banner.open_to_all("127.0.0.1")
