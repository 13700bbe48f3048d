"""A whole broker without ports, over a memory store and on a virtual clock."""

from pathlib import Path
from types import SimpleNamespace

from twisted.internet.defer import succeed
from twisted.internet.testing import MemoryReactorClock

from twistedmq.app.broker_parts import BrokerParts, build_broker
from twistedmq.app.stores import make_store, wall_ms
from twistedmq.app.wiring.surroundings import Surroundings
from twistedmq.config.loading import from_option, load_settings
from twistedmq.config.settings import LiveSettings
from twistedmq.config.store import StoreConfig
from twistedmq.config.tables import broker_keys
from twistedmq.ha.async_master import AsyncMaster
from twistedmq.remoting.timer_wheel import TimerWheel
from twistedmq.store.context import StoreContext
from twistedmq.store.interfaces import IMessageStore


class Threads:
    """Runs in place what would run in a thread."""

    def run(self, function, /, *args, **kwargs):
        return succeed(function(*args, **kwargs))

    def stop(self) -> None:
        pass


def make_broker(tmp_path: Path, *texts: str) -> tuple[BrokerParts, IMessageStore]:
    reactor = MemoryReactorClock()
    reactor.nameResolver = None
    options = [from_option(f"storePathRootDir={tmp_path}"), *map(from_option, texts)]
    settings = LiveSettings(load_settings(broker_keys(), options=options))
    context = StoreContext(
        reactor, wall_ms, settings.live(StoreConfig), AsyncMaster(), workers=Threads()
    )
    store = make_store("memory", context)
    store.start()
    broker = build_broker(
        Surroundings(
            reactor=reactor,
            settings=settings,
            wheel=TimerWheel(reactor),
            context=context,
            store=store,
            workers=Threads(),
            client=SimpleNamespace(request=None),
            host="127.0.0.1",
            port=10911,
        )
    )
    return broker, store
