from pathlib import Path

from twistedmq.config.docs import render_page
from twistedmq.config.tables import broker_keys, namesrv_keys

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "settings.md"


def test_the_page_is_the_tables() -> None:
    assert PAGE.read_text("utf-8") == render_page(), (
        "run python -m twistedmq.config.docs"
    )


def test_every_key_is_on_the_page() -> None:
    page = render_page()
    for key in (*broker_keys().keys, *namesrv_keys().keys):
        assert f"`{key.name}`" in page


def test_a_default_of_this_machine_is_not_on_the_page() -> None:
    assert str(Path.home()) not in render_page()
