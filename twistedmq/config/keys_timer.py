"""The keys of the timer wheel and of recall."""

from typing import Final

from twistedmq.config.keys import Key
from twistedmq.config.timer import TimerConfig
from twistedmq.config.values import BOOLEAN, COUNT, whole_number

_LEAST_LOG_BYTES = 104
"""Room for one unit and the mark that ends a file, and a little more."""

TIMER_KEYS: Final[tuple[Key, ...]] = (
    Key(
        "timerWheelEnable",
        BOOLEAN,
        TimerConfig,
        "enabled",
        "Deliver messages at the time they ask for; otherwise such messages are "
        "refused, and those that wait go on waiting.",
        at_restart=True,
        important=True,
    ),
    Key(
        "timerPrecisionMs",
        whole_number(1, 3_600_000),
        TimerConfig,
        "grain_ms",
        "Messages are delivered at most so much later than asked, never earlier.",
        at_restart=True,
    ),
    Key(
        "timerMaxDelaySec",
        COUNT,
        TimerConfig,
        "max_delay_s",
        "A message that asks for a longer delay is refused.",
        important=True,
    ),
    Key(
        "timerRollWindowSlot",
        COUNT,
        TimerConfig,
        "roll_slots",
        "A message due later than so many slots (of timerPrecisionMs) is stored once "
        "more on its way; must be less than fileReservedTime.",
    ),
    Key(
        "timerCongestNumEachSlot",
        COUNT,
        TimerConfig,
        "slot_limit",
        "Above so many messages due in one slot some are refused, above twice as many "
        "all.",
    ),
    Key(
        "timerFlushIntervalMs",
        COUNT,
        TimerConfig,
        "flush_interval_ms",
        "How soon timer log, wheel and progress are brought to the disk.",
    ),
    Key(
        "mappedFileSizeTimerLog",
        whole_number(_LEAST_LOG_BYTES),
        TimerConfig,
        "log_file_bytes",
        "Size of one file of the timer log; each message has 52 bytes.",
        at_restart=True,
    ),
    Key(
        "timerStopEnqueue",
        BOOLEAN,
        TimerConfig,
        "intake_stopped",
        "Leave new timed messages in their topic for now.",
    ),
    Key(
        "timerStopDequeue",
        BOOLEAN,
        TimerConfig,
        "delivery_stopped",
        "Deliver nothing that is due for now.",
    ),
    Key(
        "recallMessageEnable",
        BOOLEAN,
        TimerConfig,
        "recall_enabled",
        "Let producers call back messages that are not due yet (RECALL_MESSAGE).",
        important=True,
    ),
    Key(
        "allowRecallWhenBrokerNotWriteable",
        BOOLEAN,
        TimerConfig,
        "recall_while_closed",
        "Let them do so on a broker without write permission, too.",
    ),
    Key(
        "appendTopicForTimerDeleteKey",
        BOOLEAN,
        TimerConfig,
        "recall_names_topic",
        "Call back by topic and unique key instead of the unique key alone.",
    ),
)
