"""The settings of one server: read once, shown when asked, changed while running."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from twistedmq.config.keys import Effect, Key, KeyTable
from twistedmq.config.live import Live
from twistedmq.config.properties_file import format_entry
from twistedmq.protocol.errors import TwistedMQError

C = TypeVar("C")


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with the configuration."""

    place: str
    """Where it was given: a file and line, an option, a variable."""
    text: str

    def __str__(self) -> str:
        """Word it as one line."""
        return f"{self.place}: {self.text}" if self.place else self.text


class ConfigError(TwistedMQError):
    """The configuration cannot be used; ``problems`` holds everything that is wrong."""

    def __init__(self, problems: list[Problem]) -> None:
        """Keep all *problems*; the text has one line for each."""
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


class Settings:
    """The values that were given, and the dataclasses made of them.

    ``settings[StoreConfig]`` is one room's settings.
    """

    def __init__(
        self,
        table: KeyTable,
        values: Mapping[str, Any],
        places: Mapping[str, str] | None = None,
    ) -> None:
        """Keep the *values* by the names of their keys, and where each was given."""
        self.table = table
        self.values = dict(values)
        self.places = dict(places or {})
        self._parts = {cls: self._build(cls) for cls in table.config_classes}

    def _build(self, config_class: type[Any]) -> Any:
        mine = (key for key in self.table.keys if key.config_class is config_class)
        return config_class(**{key.field: self.value(key) for key in mine})

    def __getitem__(self, config_class: type[C]) -> C:
        """Give one room's settings."""
        return cast(C, self._parts[config_class])

    def value(self, key: Key) -> Any:
        """Give the value of one key, set or default."""
        return self.values.get(key.name, key.default_value())

    def contradictions(self) -> list[Problem]:
        """Give what is wrong with values that depend on each other."""
        keys = {key.name: key for key in self.table.keys}
        told = (
            check(lambda name: self.value(keys[name])) for check in self.table.checks
        )
        return [Problem("", text) for text in told if text]

    def without_effect(self) -> list[str]:
        """Name the keys that were set to something else, and do nothing.

        Not those that come from the environment: it is there for other programs too.
        """
        return [
            key.name
            for key in self.table.with_effect(Effect.ACCEPTED)
            if key.name in self.values
            and self.value(key) != key.default_value()
            and not self.places.get(key.name, "").startswith("environment")
        ]

    def why_without_effect(self) -> dict[str, list[str]]:
        """Give the same names under the reasons why they do nothing."""
        reasons: dict[str, list[str]] = {}
        for name in self.without_effect():
            key = self.table.find(name)
            reason = key.reason if key is not None else ""
            reasons.setdefault(reason or "not built yet", []).append(name)
        return reasons

    def changed(self, values: Mapping[str, Any], place: str) -> "Settings":
        """Give the same settings with some values replaced."""
        places = dict.fromkeys(values, place)
        return Settings(
            self.table, {**self.values, **values}, {**self.places, **places}
        )


def render_properties(
    settings: Settings,
    *,
    only_important: bool = False,
    unset: Mapping[str, str] | None = None,
) -> str:
    """Write every key with its value, by name, as properties text.

    *unset* gives, by key, what holds where no value is given, or an empty one.
    """
    unset = unset or {}

    def shown(key: Key) -> str:
        text = key.text_of(settings.value(key)) if key.name in settings.values else ""
        return text or unset.get(key.name) or key.text_of(settings.value(key))

    lines = [
        format_entry(key.name, shown(key))
        for key in settings.table.keys
        if not key.secret and (key.important or not only_important)
    ]
    return "".join(line + "\n" for line in lines)


class BlackListedKeyError(TwistedMQError):
    """A key that must not be changed while running."""

    def __init__(self, key: str) -> None:
        """Keep the name of the *key*."""
        super().__init__("Can not update config in black list.")
        self.key = key


class LiveSettings:
    """Settings that can be changed while running: each room sees its own as a Live."""

    def __init__(
        self,
        settings: Settings,
        persist: Callable[[Mapping[str, str]], None] = lambda changes: None,
    ) -> None:
        """*persist* is given the texts of changed keys, to keep them over a restart."""
        self.settings = settings
        self.updates = 0
        """How many changes there were since the start."""
        self.found: dict[str, str] = {}
        """What holds where the setting of that key was not made, or left empty."""
        self._persist = persist
        self._live: dict[type[Any], Live[Any]] = {
            cls: Live(settings[cls]) for cls in settings.table.config_classes
        }

    def live(self, config_class: type[C]) -> Live[C]:
        """Give one room's settings, as they change."""
        return cast(Live[C], self._live[config_class])

    def render(self) -> str:
        """Write today's settings as properties text, with what was found at start."""
        return render_properties(self.settings, unset=self.found)

    def apply(self, changes: Settings, names: Mapping[str, str]) -> None:
        """Take over *changes*, whose keys *names* (with their texts) are different.

        They are kept first: what cannot be kept is not changed.
        """
        self._persist(names)
        self.settings = changes
        self.updates += 1
        for config_class, live in self._live.items():
            live.set(changes[config_class])
