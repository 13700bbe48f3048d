import subprocess
import sys

import pytest

import twistedmq


@pytest.mark.parametrize("name", twistedmq.__all__)
def test_what_users_need_is_at_the_top(name: str) -> None:
    assert getattr(twistedmq, name) is not None
    assert name in dir(twistedmq)


def test_each_name_says_where_it_lives() -> None:
    assert sorted(twistedmq._HOMES) == sorted({*twistedmq.__all__} - {"__version__"})


def test_other_names_are_not_there() -> None:
    with pytest.raises(AttributeError, match="Sender"):
        twistedmq.Sender  # type: ignore[attr-defined]  # noqa: B018


def test_importing_the_package_imports_little() -> None:
    program = (
        "import sys, twistedmq\nassert not {'twisted', 'msgspec'} & {*sys.modules}"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
