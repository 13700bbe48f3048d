"""The table from the keys of a file to the fields of the settings.

The same table reads files and options, answers requests for the configuration, and
writes the documentation.
"""

import difflib
from collections.abc import Callable, Iterable
from dataclasses import MISSING, dataclass, fields
from enum import Enum
from typing import Any, Final

from twistedmq.config.values import Kind


class Effect(Enum):
    """What setting a key does."""

    EFFECTIVE = "effective"
    ACCEPTED = "accepted"
    """Known and checked, but nothing here depends on it yet."""
    REFUSED = "refused"
    """Only the default can be had: anything else would promise what is not kept."""


class _Unset(Enum):
    UNSET = "unset"


UNSET: Final = _Unset.UNSET


@dataclass(frozen=True)
class Key:
    """One key: how its value is written, and which field of which settings it sets."""

    name: str
    kind: Kind[Any]
    config_class: type[Any] | None = None
    field: str = ""
    meaning: str = ""
    effect: Effect = Effect.EFFECTIVE
    default: Any = UNSET
    """For a key with a field: only where it differs from the field's own default."""
    reason: str = ""
    """Why anything but the default is refused, or has no effect."""
    aliases: tuple[str, ...] = ()
    shown_default: str | None = None
    """How the documentation words a default that depends on the machine."""
    genuine: bool = True
    """Whether Apache RocketMQ knows the key too."""
    important: bool = False
    secret: bool = False
    """Not shown to anybody who asks for the configuration."""
    at_restart: bool = False
    """Whether a change while running waits for the next start."""

    def default_value(self) -> Any:
        """Give the value that holds where nobody sets the key."""
        if self.default is not UNSET or self.config_class is None:
            return None if self.default is UNSET else self.default
        for declared in fields(self.config_class):
            if declared.name == self.field:
                if declared.default_factory is not MISSING:
                    return declared.default_factory()
                return declared.default
        raise LookupError(f"{self.config_class.__name__} has no field {self.field}")

    def text_of(self, value: Any) -> str:
        """Write *value* as a file would."""
        return "" if value is None else self.kind.format(value)


Check = Callable[[Callable[[str], Any]], str | None]
"""Looks at values that depend on each other: is given what tells a key's value, and
gives what is wrong, if anything is."""


class KeyTable:
    """All keys of one server, with look-up by name."""

    def __init__(
        self, server: str, keys: Iterable[Key], checks: Iterable[Check] = ()
    ) -> None:
        """Keep the *keys* of *server*; a name must not be given twice."""
        self.server = server
        self.checks = tuple(checks)
        self.keys = tuple(sorted(keys, key=lambda key: key.name))
        self._by_name: dict[str, Key] = {}
        for key in self.keys:
            for name in (key.name, *key.aliases):
                if name in self._by_name:
                    raise ValueError(f"the key {name} is in the table twice")
                self._by_name[name] = key

    def find(self, name: str) -> Key | None:
        """Give the key of that name or alias."""
        return self._by_name.get(name)

    def nearest(self, name: str) -> str | None:
        """Give the known name that looks most like *name*, if one does."""
        lowered = {known.lower(): known for known in self._by_name}
        close = difflib.get_close_matches(name.lower(), lowered, n=1, cutoff=0.6)
        return lowered[close[0]] if close else None

    def with_effect(self, effect: Effect) -> tuple[Key, ...]:
        """Give the keys of one class, by name."""
        return tuple(key for key in self.keys if key.effect is effect)

    @property
    def config_classes(self) -> tuple[type[Any], ...]:
        """The dataclasses that this table fills."""
        found = {key.config_class: None for key in self.keys if key.config_class}
        return tuple(found)
