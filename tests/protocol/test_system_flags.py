import pytest
from hypothesis import given
from hypothesis import strategies as st

from twistedmq.protocol import system_flags as flags


@given(st.integers(0, 2**31 - 1), st.integers(0, 7))
def test_compression_is_marked_and_unmarked(sys_flag: int, number: int) -> None:
    marked = flags.with_compression(sys_flag, number)
    assert flags.is_compressed(marked)
    assert flags.compression_type(marked) == number
    plain = flags.without_compression(marked)
    assert not flags.is_compressed(plain)
    assert plain == flags.without_compression(sys_flag)


@pytest.mark.parametrize(
    "kind",
    [
        flags.TRANSACTION_NONE,
        flags.TRANSACTION_PREPARED,
        flags.TRANSACTION_COMMIT,
        flags.TRANSACTION_ROLLBACK,
    ],
)
def test_the_part_of_a_transaction(kind: int) -> None:
    assert flags.transaction_type(flags.with_transaction(0xFF, kind)) == kind
    assert flags.with_transaction(0xFF, kind) & ~0xC == 0xF3


def test_sizes_of_hosts() -> None:
    assert flags.born_host_bytes(0) == flags.store_host_bytes(0) == 8
    assert flags.born_host_bytes(flags.BORN_HOST_V6) == 20
    assert flags.store_host_bytes(flags.STORE_HOST_V6) == 20


def test_the_flag_of_a_pull() -> None:
    none = flags.pull_sys_flag(commit_offset=False, suspend=False, subscription=False)
    assert none == 0
    every = flags.pull_sys_flag(
        commit_offset=True,
        suspend=True,
        subscription=True,
        class_filter=True,
        lite=True,
    )
    assert every == 0x1F


def test_permissions() -> None:
    assert flags.is_readable(6)
    assert flags.is_writable(6)
    assert not flags.is_inherited(6)
    assert flags.is_inherited(7)
    assert not flags.is_writable(4)
    assert flags.is_valid_perm(0)
    assert not flags.is_valid_perm(8)
    assert not flags.is_valid_perm(-1)
    assert [flags.perm_text(p) for p in (7, 6, 4, 2, 0)] == [
        "RWX",
        "RW-",
        "R--",
        "-W-",
        "---",
    ]
