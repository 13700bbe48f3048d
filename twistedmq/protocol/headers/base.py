"""What the typed headers have in common.

A header is the set of named text fields of one frame ("ext fields" upstream). Each
class lists them under snake_case names; the wire name is the field's ``rename``. A
value travels as text whatever its type. Unknown fields are ignored.
"""

from msgspec import Struct, field


class Header(Struct, kw_only=True, rename="camel", omit_defaults=False):
    """The base of all headers. A field that is None is left out of the frame."""


class RpcHeader(Header, kw_only=True, rename="camel"):
    """A request that may carry a namespace (upstream: RpcRequestHeader)."""

    namespace: str | None = field(default=None, name="ns")
    namespaced: bool | None = field(default=None, name="nsd")
    target_broker: str | None = field(default=None, name="bname")
    one_way: bool | None = field(default=None, name="oway")


class TopicHeader(RpcHeader, kw_only=True, rename="camel"):
    """A request about one topic (upstream: TopicRequestHeader)."""

    logical: bool | None = field(default=None, name="lo")
