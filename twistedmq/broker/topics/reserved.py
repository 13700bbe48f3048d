"""Topics whose messages are kept for a time of their own."""

from twistedmq.broker.attributes import RESERVE_TIME
from twistedmq.broker.topics.table import TopicTable


def reserved_hours(topics: TopicTable) -> dict[str, int]:
    """Give after how many hours messages expire, for topics with that attribute."""
    hours = {}
    for topic in topics:
        config = topics.get(topic)
        text = (config.attributes or {}).get(RESERVE_TIME) if config else None
        if text is not None and int(text) > 0:
            hours[topic] = int(text)
    return hours
