"""The bits of the flag words in records, pulls, topics and permissions.

Source: MessageSysFlag, PullSysFlag, TopicSysFlag, PermName.
"""

from typing import Final

COMPRESSED: Final = 0x1
MULTI_TAGS: Final = 0x2
TRANSACTION_MASK: Final = 0xC
TRANSACTION_NONE: Final = 0x0
TRANSACTION_PREPARED: Final = 0x4
TRANSACTION_COMMIT: Final = 0x8
TRANSACTION_ROLLBACK: Final = 0xC
BORN_HOST_V6: Final = 0x10
STORE_HOST_V6: Final = 0x20
NEED_UNWRAP: Final = 0x40
INNER_BATCH: Final = 0x80
COMPRESSION_MASK: Final = 0x700
COMPRESSION_SHIFT: Final = 8
"""System flag of a record."""

PULL_COMMIT_OFFSET: Final = 0x1
PULL_SUSPEND: Final = 0x2
PULL_SUBSCRIPTION: Final = 0x4
PULL_CLASS_FILTER: Final = 0x8
PULL_LITE: Final = 0x10
"""System flag of a pull request."""

TOPIC_UNIT: Final = 0x1
TOPIC_UNIT_SUB: Final = 0x2
"""System flag of a topic."""

PERM_INHERIT: Final = 0x1
PERM_WRITE: Final = 0x2
PERM_READ: Final = 0x4
PERM_PRIORITY: Final = 0x8
"""Permissions of a topic or a broker."""


def is_compressed(sys_flag: int) -> bool:
    """Whether the body of a record is compressed."""
    return bool(sys_flag & COMPRESSED)


def compression_type(sys_flag: int) -> int:
    """Give the number of the compressor that made the body: 0 and 3 mean zlib."""
    return (sys_flag & COMPRESSION_MASK) >> COMPRESSION_SHIFT


def with_compression(sys_flag: int, type_number: int) -> int:
    """Mark a body as compressed by the compressor with that number."""
    cleared = sys_flag & ~COMPRESSION_MASK
    return cleared | COMPRESSED | type_number << COMPRESSION_SHIFT


def without_compression(sys_flag: int) -> int:
    """Mark a body as not compressed."""
    return sys_flag & ~(COMPRESSED | COMPRESSION_MASK)


def transaction_type(sys_flag: int) -> int:
    """Give TRANSACTION_NONE, _PREPARED, _COMMIT or _ROLLBACK."""
    return sys_flag & TRANSACTION_MASK


def with_transaction(sys_flag: int, kind: int) -> int:
    """Give *sys_flag* with that part of a transaction."""
    return sys_flag & ~TRANSACTION_MASK | kind


def born_host_bytes(sys_flag: int) -> int:
    """How many bytes a record has for the sender's address and port."""
    return 20 if sys_flag & BORN_HOST_V6 else 8


def store_host_bytes(sys_flag: int) -> int:
    """How many bytes a record has for the broker's address and port."""
    return 20 if sys_flag & STORE_HOST_V6 else 8


def pull_sys_flag(
    *,
    commit_offset: bool,
    suspend: bool,
    subscription: bool,
    class_filter: bool = False,
    lite: bool = False,
) -> int:
    """Put the system flag of a pull request together."""
    return (
        commit_offset * PULL_COMMIT_OFFSET
        | suspend * PULL_SUSPEND
        | subscription * PULL_SUBSCRIPTION
        | class_filter * PULL_CLASS_FILTER
        | lite * PULL_LITE
    )


def is_readable(perm: int) -> bool:
    """Whether reading is allowed."""
    return bool(perm & PERM_READ)


def is_writable(perm: int) -> bool:
    """Whether writing is allowed."""
    return bool(perm & PERM_WRITE)


def is_inherited(perm: int) -> bool:
    """Whether topics may be made in the image of this one."""
    return bool(perm & PERM_INHERIT)


def is_valid_perm(perm: int) -> bool:
    """Whether *perm* is a permission that a topic or broker may have."""
    return 0 <= perm < PERM_PRIORITY


def perm_text(perm: int) -> str:
    """Give *perm* as people read it: "RW-", "R--", "RWX"."""
    return "".join(
        letter if perm & bit else "-"
        for letter, bit in (("R", PERM_READ), ("W", PERM_WRITE), ("X", PERM_INHERIT))
    )
