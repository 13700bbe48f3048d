from twistedmq.broker.assignment.modes import RequestModes
from twistedmq.config.assignment import AssignmentConfig
from twistedmq.config.live import Live
from twistedmq.protocol.bodies import (
    MessageRequestMode,
    SetMessageRequestModeRequestBody,
)

PULL, POP = MessageRequestMode.PULL, MessageRequestMode.POP


def choice(mode: MessageRequestMode, share: int) -> SetMessageRequestModeRequestBody:
    return SetMessageRequestModeRequestBody(
        topic="T", consumer_group="g", mode=mode, pop_share_queue_num=share
    )


def test_groups_pull_unless_told_otherwise() -> None:
    modes = RequestModes(Live(AssignmentConfig()))
    assert modes.of("T", "g") == (PULL, 0)
    modes.choose("T", "g", choice(POP, 3))
    assert modes.of("T", "g") == (POP, 3)
    assert modes.of("T", "h") == modes.of("U", "g") == (PULL, 0)


def test_a_broker_may_have_everyone_pop_but_retries_are_pulled() -> None:
    config = AssignmentConfig(default_mode=POP, default_share=2)
    modes = RequestModes(Live(config))
    assert modes.of("T", "g") == (POP, 2)
    assert modes.of("%RETRY%g", "g") == (PULL, 0)
    modes.choose("T", "g", choice(PULL, 5))
    assert modes.of("T", "g") == (PULL, 5)


def test_listeners_are_told_of_changes_but_not_of_loading() -> None:
    modes = RequestModes(Live(AssignmentConfig()))
    told: list[str] = []
    modes.on_change(told.append)
    modes.load({"T": {"g": choice(POP, 1)}})
    assert (list(modes), told) == (["T"], [])
    modes.choose("T", "h", choice(POP, 1))
    assert told == ["T"]
    assert set(modes.chosen("T")) == {"g", "h"}
