"""The fixtures, in runs of pytest of their own."""

import pytest
from loaded import loaded_after

from twistedmq.client.message import Message
from twistedmq.testing.cluster import Cluster

pytest_plugins = ["pytester"]

ALONE = ["-p", "no:twisted", "-p", "no:hypothesispytest", "-p", "no:asyncio"]
"""Without plugins that would be there twice in one process."""


@pytest.fixture(scope="module", autouse=True)
def _imported() -> None:
    """Have all imported that a run would: it forgets what it was first to import."""
    with Cluster() as cluster:
        producer = cluster.run(cluster.producer().start())
        cluster.run(producer.send(Message("orders", b"x")))
        cluster.run(cluster.stored("orders"))


def run(pytester: pytest.Pytester, text: str, *arguments: str) -> pytest.RunResult:
    pytester.makepyfile(text)
    return pytester.runpytest_inprocess(*ALONE, "-W", "error", *arguments)


def test_each_test_has_a_cluster_of_its_own(pytester: pytest.Pytester) -> None:
    outcome = run(
        pytester,
        """
        from datetime import timedelta
        import pytest
        from twistedmq import Message

        @pytest.mark.parametrize("turn", [1, 2])
        def test_it(rmq_cluster, rmq_clock, rmq_producer, rmq_consumer, turn):
            assert rmq_cluster.run(rmq_cluster.stored("orders")) == []
            bodies = []
            rmq_consumer("billing", {"orders": "*"}, lambda m: bodies.append(m.body))
            rmq_cluster.run(rmq_producer.send(Message("orders", b"x", delay_level=9)))
            rmq_clock.advance(timedelta(minutes=4))
            assert bodies == []
            rmq_clock.advance(timedelta(minutes=2))
            assert bodies == [b"x"]

        def test_a_consumer_without_a_function(rmq_cluster, rmq_producer, rmq_consumer):
            rmq_cluster.run(rmq_producer.send(Message("orders", b"x")))
            consumer = rmq_consumer("billing", {"orders": "*"})

            async def first():
                async for message in consumer:
                    return message.body

            assert rmq_cluster.run(first()) == b"x"
        """,
    )
    outcome.assert_outcomes(passed=3)


def test_what_a_cluster_is_made_with(pytester: pytest.Pytester) -> None:
    pytester.makeini(
        """
        [pytest]
        addopts = --strict-markers
        rmq_brokers = 2
        rmq_topics = orders bills
        rmq_settings =
            autoCreateTopicEnable=false
            maxMessageSize=1000
        """
    )
    outcome = run(
        pytester,
        """
        import pytest

        pytestmark = pytest.mark.rmq(store="file", settings={"maxMessageSize": "2000"})

        def names(cluster):
            async def ask():
                async with cluster.admin() as admin:
                    return await admin.topics.names()
            return cluster.run(ask())

        def setting(cluster, key):
            settings = cluster.broker.server._settings.settings
            return settings.value(settings.table.find(key))

        def test_ini_and_module(rmq_cluster):
            assert list(rmq_cluster.brokers) == ["broker-a", "broker-b"]
            assert names(rmq_cluster) == ["bills", "orders"]
            assert setting(rmq_cluster, "maxMessageSize") == 2000
            assert setting(rmq_cluster, "autoCreateTopicEnable") is False
            assert rmq_cluster.broker.files.paths()

        @pytest.mark.rmq(brokers=1, topics=["other"], store="memory")
        def test_function(rmq_cluster, pytestconfig):
            assert list(rmq_cluster.brokers) == ["broker-a"]
            assert names(rmq_cluster) == ["other"]
            assert setting(rmq_cluster, "maxMessageSize") == 2000
            assert not rmq_cluster.broker.files.paths()
        """,
    )
    outcome.assert_outcomes(passed=2)


def test_the_seed_can_be_given(pytester: pytest.Pytester) -> None:
    text = """
        def test_chance(rmq_cluster):
            print("chance", rmq_cluster.network.random.random())
        """
    shown = [
        next(
            line
            for line in run(pytester, text, "-s", *seed).outlines
            if "chance" in line
        )
        for seed in ([], ["--rmq-seed=0"], ["--rmq-seed=1"])
    ]
    assert shown[0] == shown[1] != shown[2]


def test_loops_of_asyncio_and_of_twisted(pytester: pytest.Pytester) -> None:
    """In a process of its own: a reactor is installed."""
    pytester.makepyfile(
        test_asyncio="""
        import asyncio
        import pytest
        from twistedmq import Message

        pytestmark = [pytest.mark.asyncio, pytest.mark.rmq(topics=["orders"])]

        def future(deferred):
            return deferred.asFuture(asyncio.get_running_loop())

        @pytest.mark.parametrize("turn", [1, 2])
        async def test_it(rmq_cluster, rmq_producer, turn):
            await future(rmq_producer.send(Message("orders", b"x")))
            stored = await future(rmq_cluster.stored("orders"))
            assert [message.body for message in stored] == [b"x"]
        """,
        test_twisted="""
        import pytest
        import pytest_twisted
        from twistedmq import Message

        @pytest_twisted.ensureDeferred
        async def test_it(rmq_cluster, rmq_producer, rmq_consumer):
            bodies = []
            rmq_consumer("billing", {"orders": "*"}, lambda m: bodies.append(m.body))
            await rmq_producer.send(Message("orders", b"x", delay_level=9))
            await rmq_cluster.sleep(4 * 60)
            assert bodies == []
            await rmq_cluster.sleep(2 * 60)
            assert bodies == [b"x"]
        """,
    )
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function")
    pytester.runpytest_subprocess("-W", "error").assert_outcomes(passed=3)


def test_whoever_does_not_use_it_hardly_pays() -> None:
    loaded = loaded_after(
        "import pytest\nbefore = set(sys.modules)\n"
        "import twistedmq.testing.pytest_plugin\n"
        "for name in before: del sys.modules[name]"
    )
    assert loaded == {
        "twistedmq",
        "twistedmq.testing",
        "twistedmq.testing.pytest_plugin",
    }


def test_a_consumer_that_cannot_start_fails_the_test(pytester: pytest.Pytester) -> None:
    outcome = run(
        pytester,
        """
        import pytest
        from twistedmq import Sql
        from twistedmq.client.errors import SubscriptionRefusedError

        @pytest.mark.rmq(topics=["orders"], settings={"enablePropertyFilter": "false"})
        def test_it(rmq_consumer):
            with pytest.raises(SubscriptionRefusedError):
                rmq_consumer("billing", {"orders": Sql("a > 1")}, lambda message: None)
        """,
    )
    outcome.assert_outcomes(passed=1)
