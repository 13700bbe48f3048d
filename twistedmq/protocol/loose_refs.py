"""References inside JSON: ``{"$ref":"$.consumerDataSet[0].subscriptionDataSet[0]"}``.

Clients before 5.4 write one where the same object occurs twice.
"""

import re
from typing import Any, Final

import msgspec

MARK: Final = b'"$ref"'
MAX_REFERENCES: Final = 1000
MAX_TARGET_BYTES: Final = 4096
"""What is referred to is small; else a few references could fill the memory."""

_KEY: Final = "$ref"
_is_path: Final = re.compile(r"\$(?:\.[^.\[\]]+|\[\d+\])*").fullmatch
_steps: Final = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]").findall


def resolve(root: Any) -> Any:
    """Give *root* with what is referred to in place of each reference.

    What cannot be found becomes None, and so does what is beyond the limits. References
    inside of what is referred to stay as they are.
    """
    return _Resolver(root).replaced(root)


class _Resolver:
    def __init__(self, root: Any) -> None:
        self._root = root
        self._left = MAX_REFERENCES

    def replaced(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self.replaced(item) for item in value]
        if not isinstance(value, dict):
            return value
        if len(value) == 1 and isinstance(path := value.get(_KEY), str):
            return self._target(path)
        return {key: self.replaced(item) for key, item in value.items()}

    def _target(self, path: str) -> Any:
        self._left -= 1
        if self._left < 0 or not _is_path(path):
            return None
        target = self._root
        try:
            for key, index in _steps(path):
                target = target[key] if key else target[int(index)]
        except (KeyError, IndexError, TypeError, ValueError):
            return None
        if len(msgspec.json.encode(target)) > MAX_TARGET_BYTES:
            self._left = 0  # measuring more of that size would take long
            return None
        return target
