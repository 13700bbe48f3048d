import pytest
from write_side import NOW_MS, WriteSide

from twistedmq.broker.attributes import AttributesError
from twistedmq.broker.topics.table import TopicTable
from twistedmq.config.broker import BrokerLimits, TopicDefaults
from twistedmq.config.live import Live
from twistedmq.protocol.bodies import DataVersion, TopicConfig
from twistedmq.protocol.errors import ServiceUnavailableError


@pytest.fixture
def topics() -> TopicTable:
    return WriteSide().topics


@pytest.fixture
def told(topics: TopicTable) -> list[tuple[str, TopicConfig | None]]:
    changes: list[tuple[str, TopicConfig | None]] = []
    topics.on_change(lambda topic, config: changes.append((topic, config)))
    return changes


def test_a_send_creates_its_topic_after_the_template(
    topics: TopicTable, told: list[tuple[str, TopicConfig | None]]
) -> None:
    config = topics.create_on_send("T", "TBW102", 4)
    assert config is not None
    assert (config.read_queue_nums, config.write_queue_nums) == (4, 4)
    assert config.perm == 6
    assert topics.get("T") is config
    assert told == [("T", config)]
    assert topics.data_version == DataVersion(counter=1, timestamp=NOW_MS)


@pytest.mark.parametrize(("wished", "queues"), [(100, 8), (8, 8), (0, 0), (-3, 0)])
def test_a_new_topic_has_at_most_the_queues_of_the_template(
    topics: TopicTable, wished: int, queues: int
) -> None:
    config = topics.create_on_send("T", "TBW102", wished)
    assert config is not None
    assert config.write_queue_nums == queues


def test_an_existing_topic_stays_as_it_is(topics: TopicTable) -> None:
    first = topics.create_on_send("T", "TBW102", 4)
    assert topics.create_on_send("T", "TBW102", 2) is first
    assert topics.data_version.counter == 1


def test_any_topic_marked_so_may_be_a_template(topics: TopicTable) -> None:
    config = topics.create_on_send("T", "c1", 40)
    assert config is not None
    assert config.write_queue_nums == 16


def test_without_a_template_nothing_is_created(topics: TopicTable) -> None:
    topics.create_if_absent("Plain")
    assert topics.create_on_send("T", "Nope", 4) is None
    assert topics.create_on_send("T", "Plain", 4) is None
    assert "T" not in topics


def test_auto_creation_can_be_switched_off_while_running() -> None:
    side = WriteSide()
    side.topic_defaults.replace(auto_create=False)
    for template in ("TBW102", "c1"):
        assert side.topics.create_on_send("T", template, 4) is None
    assert side.topics.create_on_send("c1", "TBW102", 4) is not None  # it is there


def test_topics_that_need_no_template_are_created_once(
    topics: TopicTable, told: list[tuple[str, TopicConfig | None]]
) -> None:
    config = topics.create_if_absent("%RETRY%g", 3, sys_flag=2)
    assert (config.write_queue_nums, config.perm, config.topic_sys_flag) == (3, 6, 2)
    assert topics.create_if_absent("%RETRY%g", 1) is config
    assert len(told) == 1
    assert topics.create_if_absent("%RETRY%g", ordered=True).order
    assert len(told) == 2
    assert not config.order


def test_an_update_brings_changes_of_attributes(topics: TopicTable) -> None:
    wished = TopicConfig(topic_name="T", attributes={"+message.type": "FIFO"})
    topics.update(wished)
    created = topics.get("T")
    assert created is not None
    assert created.attributes == {"message.type": "FIFO"}
    topics.update(TopicConfig(topic_name="T", write_queue_nums=2))
    kept = topics.get("T")
    assert kept is not None
    assert kept.attributes == {"message.type": "FIFO"}
    assert topics.data_version.counter == 2


def test_an_update_that_changes_nothing_is_no_change(
    topics: TopicTable, told: list[tuple[str, TopicConfig | None]]
) -> None:
    topics.update(TopicConfig(topic_name="T"))
    topics.update(TopicConfig(topic_name="T"))
    assert topics.data_version.counter == 1
    assert len(told) == 1


def test_an_update_with_bad_attributes_changes_nothing(topics: TopicTable) -> None:
    with pytest.raises(AttributesError):
        topics.update(TopicConfig(topic_name="T", attributes={"+colour": "red"}))
    assert "T" not in topics


def test_deleting(
    topics: TopicTable, told: list[tuple[str, TopicConfig | None]]
) -> None:
    topics.create_if_absent("T")
    assert topics.delete("T")
    assert not topics.delete("T")
    assert told[-1] == ("T", None)
    assert topics.data_version.counter == 2


def test_order_is_learnt_from_the_name_servers(
    topics: TopicTable, told: list[tuple[str, TopicConfig | None]]
) -> None:
    topics.create_if_absent("T")
    topics.mark_ordered(["T", "unknown"])
    topics.mark_ordered(["T"])
    config = topics.get("T")
    assert config is not None
    assert config.order
    assert len(told) == 2


def test_a_file_adds_to_what_exists_by_itself(
    topics: TopicTable, told: list[tuple[str, TopicConfig | None]]
) -> None:
    version = DataVersion(counter=9, timestamp=1)
    topics.load({"T": TopicConfig(topic_name="T")}, version)
    assert "T" in topics
    assert "TBW102" in topics
    assert topics.data_version == version
    assert told == []


def test_there_is_a_limit() -> None:
    side = WriteSide()
    side.limits.replace(max_topics=len(side.topics) + 1)
    side.topics.create_if_absent("T1")
    with pytest.raises(ServiceUnavailableError, match="maxTopics"):
        side.topics.create_if_absent("T2")
    with pytest.raises(ServiceUnavailableError):
        side.topics.update(TopicConfig(topic_name="T2"))
    side.topics.update(TopicConfig(topic_name="T1", perm=4))


def test_views_and_copies(topics: TopicTable) -> None:
    copy, view = topics.snapshot(), topics.view()
    topics.create_if_absent("T")
    assert "T" not in copy
    assert "T" in view
    assert set(topics) == set(view)
    assert len(topics) == len(copy) + 1


def test_batch_topics_are_known_by_name() -> None:
    side = WriteSide()
    known = {"Old"}
    topics = TopicTable(
        side.identity.value,
        Live(TopicDefaults()),
        Live(BrokerLimits()),
        lambda: NOW_MS,
        batch_topics=known,
    )
    batch, plain = {"queue.type": "BatchCQ"}, {"queue.type": "SimpleCQ"}
    kept = TopicConfig(topic_name="Kept", attributes=batch)
    topics.load({"Kept": kept}, DataVersion())
    topics.update(TopicConfig(topic_name="New", attributes={"+queue.type": "BatchCQ"}))
    topics.put(TopicConfig(topic_name="Old", attributes=plain))
    assert topics.batch_topics is known
    assert known == {"Kept", "New"}
    topics.delete("Kept")
    assert known == {"New"}


def test_light_queues_are_topics_that_are_not_kept() -> None:
    side = WriteSide()
    topics = TopicTable(
        side.identity.value,
        Live(TopicDefaults()),
        Live(BrokerLimits()),
        lambda: NOW_MS,
        has_light_queues=True,
    )
    config = topics.get("%LMQ%a")
    assert config is not None
    assert (config.read_queue_nums, config.write_queue_nums, config.perm) == (1, 1, 6)
    topics.put(TopicConfig(topic_name="%LMQ%a", read_queue_nums=7))
    assert "%LMQ%a" not in topics
    assert topics.get("other") is None
    assert side.topics.get("%LMQ%a") is None
