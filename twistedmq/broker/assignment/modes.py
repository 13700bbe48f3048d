"""Whether a group pulls or pops a topic: what operators chose, and what holds else.

Source: MessageRequestModeManager.
"""

from collections.abc import Callable, Iterator, Mapping

from twistedmq.config.assignment import AssignmentConfig
from twistedmq.config.live import Live
from twistedmq.protocol.bodies import (
    MessageRequestMode,
    SetMessageRequestModeRequestBody,
)
from twistedmq.protocol.names import is_retry_topic

ModeListener = Callable[[str], None]
"""Told of a topic whose choices changed."""


class RequestModes:
    """The choices of all groups by topic. Pure."""

    def __init__(self, config: Live[AssignmentConfig]) -> None:
        """*config* says what holds where nothing was chosen."""
        self._config = config
        self._chosen: dict[str, dict[str, SetMessageRequestModeRequestBody]] = {}
        self._listeners: list[ModeListener] = []

    def __iter__(self) -> Iterator[str]:
        """Give the topics for which something was chosen."""
        return iter(self._chosen)

    def on_change(self, listener: ModeListener) -> None:
        """Have *listener* told of changes."""
        self._listeners.append(listener)

    def load(
        self, chosen: Mapping[str, Mapping[str, SetMessageRequestModeRequestBody]]
    ) -> None:
        """Take what a file holds; nobody is told."""
        self._chosen = {topic: dict(groups) for topic, groups in chosen.items()}

    def chosen(self, topic: str) -> Mapping[str, SetMessageRequestModeRequestBody]:
        """Give what was chosen for a topic, by group."""
        return self._chosen.get(topic, {})

    def all_chosen(self) -> dict[str, dict[str, SetMessageRequestModeRequestBody]]:
        """Give all that was chosen, by topic and group."""
        return self._chosen

    def choose(
        self, topic: str, group: str, choice: SetMessageRequestModeRequestBody
    ) -> None:
        """Have *group* consume *topic* as *choice* says."""
        self._chosen.setdefault(topic, {})[group] = choice
        for listener in self._listeners:
            listener(topic)

    def of(self, topic: str, group: str) -> tuple[MessageRequestMode, int]:
        """Give how *group* consumes *topic*, and with how many members it shares."""
        choice = self.chosen(topic).get(group)
        if choice is not None:
            return choice.mode, choice.pop_share_queue_num
        config = self._config.value
        if config.default_mode == MessageRequestMode.PULL or is_retry_topic(topic):
            return MessageRequestMode.PULL, 0
        return MessageRequestMode.POP, config.default_share
