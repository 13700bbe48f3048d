"""A setting that can change while the parts that use it run."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Live(Generic[T]):
    """Holds today's value of one room's settings (a frozen dataclass).

    Whoever is given a Live reads ``value`` whenever it needs a setting, and so follows
    changes by itself; who must act on a change subscribes.

    Attributes:
        value: today's settings; changed by ``replace`` and ``set`` only.
    """

    def __init__(self, value: T) -> None:
        self.value = value  # no property: it is read several times a send
        self._listeners: list[Callable[[T], None]] = []

    def replace(self, **changes: Any) -> None:
        """Change the named fields, then tell the subscribers if anything changed."""
        changed: T = replace(self.value, **changes)  # type: ignore[type-var]
        self.set(changed)

    def set(self, value: T) -> None:
        """Put another value in place, then tell the subscribers if it is different."""
        if value == self.value:
            return
        self.value = value
        for listener in list(self._listeners):
            listener(value)

    def subscribe(self, listener: Callable[[T], None]) -> Callable[[], None]:
        """Have *listener* called with each new value; gives what ends that."""
        self._listeners.append(listener)

        def unsubscribe() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return unsubscribe
