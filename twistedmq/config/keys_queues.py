"""The keys of the store's queues beside plain ones."""

from typing import Final

from twistedmq.config.keys import Key
from twistedmq.config.store import StoreConfig
from twistedmq.config.values import BOOLEAN, COUNT

QUEUE_KEYS: Final[tuple[Key, ...]] = (
    Key(
        "mapperFileSizeBatchConsumeQueue",
        COUNT,
        StoreConfig,
        "batch_queue_file_bytes",
        "Size of one file of the queues of batch topics; each entry has 46 bytes.",
        at_restart=True,
    ),
    Key(
        "mappedFileSizeConsumeQueueExt",
        COUNT,
        StoreConfig,
        "extended_file_bytes",
        "Size of one file of extended units; they are read where a genuine broker "
        "wrote them.",
        at_restart=True,
    ),
    Key(
        "enableLmq",
        BOOLEAN,
        StoreConfig,
        "light_queues_enabled",
        "Serve light queues (%LMQ%...); their offsets are kept in "
        "lmqConsumerOffset.json.",
        at_restart=True,
    ),
    Key(
        "enableMultiDispatch",
        BOOLEAN,
        StoreConfig,
        "multi_dispatch",
        "With enableLmq: put messages into the light queues that they name by "
        "INNER_MULTI_DISPATCH.",
        at_restart=True,
    ),
    Key(
        "maxLmqConsumeQueueNum",
        COUNT,
        StoreConfig,
        "max_light_queues",
        "How many light queues there may be; a message that would begin another one "
        "is refused.",
    ),
)
