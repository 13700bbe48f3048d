"""Admin requests about the broker as a whole. Source: AdminBrokerProcessor."""

from collections.abc import Callable, Mapping
from typing import Final

from twisted.internet.defer import Deferred

from twistedmq.broker.admin.runtime import Moment, runtime_info
from twistedmq.broker.counters import BrokerCounters
from twistedmq.broker.settling import settle
from twistedmq.broker.statistics.days import Days
from twistedmq.broker.topics.table import TopicTable
from twistedmq.config.broker import BrokerAdmin, SendConfig
from twistedmq.config.live import Live
from twistedmq.config.loading import update
from twistedmq.config.settings import BlackListedKeyError, LiveSettings
from twistedmq.protocol import loose_json
from twistedmq.protocol.bodies import (
    DataVersion,
    KVTable,
    TopicList,
)
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import Reply
from twistedmq.protocol.errors import FieldError, TwistedMQError
from twistedmq.protocol.headers import (
    GetBrokerConfigResponseHeader,
)
from twistedmq.protocol.names import SYSTEM_TOPICS
from twistedmq.protocol.record import store_time
from twistedmq.remoting.interfaces import HandlerTable, Request
from twistedmq.store.interfaces import IMessageStore

READ_AHEAD_FIELD: Final = "READ_AHEAD_MODE"
NORMAL, RANDOM = 0, 1
"""Advice for the memory of log files, by the numbers of madvise."""


class AdminHandlers:
    """Serves requests about the broker itself.

    Args:
        store: figures of the log.
        topics: which topics exist.
        counters: traffic.
        settings: all settings, which may be asked for and changed.
        admin: which settings may not be changed.
        sending: from when on sends are accepted.
        timer_figures: what the run-time information says about messages that wait.
        wall_ms: the wall clock.
        days: the traffic of whole days.
    """

    def __init__(
        self,
        *,
        store: IMessageStore,
        topics: TopicTable,
        counters: BrokerCounters,
        settings: LiveSettings,
        admin: Live[BrokerAdmin],
        sending: Live[SendConfig],
        timer_figures: Callable[[], Mapping[str, object]] = dict,
        wall_ms: Callable[[], int],
        days: Days,
    ) -> None:
        self._store = store
        self._topics = topics
        self._counters = counters
        self._settings = settings
        self._admin = admin
        self._sending = sending
        self._timer_figures = timer_figures
        self._wall_ms = wall_ms
        self._days = days
        self._booted_ms = wall_ms()
        self._updated_ms = self._booted_ms

    def table(self) -> HandlerTable:
        """Give the handlers by request code."""
        return {
            RequestCode.GET_BROKER_RUNTIME_INFO: self.runtime_info,
            RequestCode.GET_BROKER_CONFIG: self.config,
            RequestCode.UPDATE_BROKER_CONFIG: self.update_config,
            RequestCode.SET_COMMITLOG_READ_MODE: self.set_read_ahead,
            RequestCode.GET_SYSTEM_TOPIC_LIST_FROM_BROKER: self.system_topics,
        }

    def runtime_info(self, _request: Request) -> Deferred[Reply]:
        """Give figures of the running broker."""
        return Deferred.fromCoroutine(self._runtime_info())

    async def _runtime_info(self) -> Reply:
        status = self._store.status()
        first = await settle(self._store.record_at(status["min_offset"]))
        moment = Moment(
            now_ms=self._wall_ms(),
            booted_ms=self._booted_ms,
            earliest_ms=-1 if first is None else store_time(first),
            accepts_from_ms=self._sending.value.accept_from_ms,
            today=self._days.today,
            yesterday=self._days.yesterday,
        )
        table = runtime_info(status, self._counters, moment)
        table |= {name: f"{value}" for name, value in self._timer_figures().items()}
        return Reply(body=loose_json.encode(KVTable(table=table)))

    def config(self, _request: Request) -> Reply:
        """Give all settings as properties text, with what was found for empty ones."""
        version = DataVersion(
            counter=self._settings.updates, timestamp=self._updated_ms
        )
        text = loose_json.encode(version).decode()
        return Reply(
            header=GetBrokerConfigResponseHeader(version=text),
            body=self._settings.render().encode(),
        )

    def update_config(self, request: Request) -> Reply:
        """Change settings; all of those in the request or none."""
        try:
            text = bytes(request.command.body).decode()
        except UnicodeDecodeError as error:
            raise FieldError("update request", "is not UTF-8 text") from error
        try:
            update(self._settings, text, self._admin.value.config_black_list)
        except BlackListedKeyError as error:
            return Reply(ResponseCode.NO_PERMISSION, remark=str(error))
        self._updated_ms = self._wall_ms()
        return Reply()

    def set_read_ahead(self, request: Request) -> Reply:
        """Say whether log files are read ahead, as the setting of that name does."""
        try:
            mode = int(request.command.fields[READ_AHEAD_FIELD])
        except (KeyError, ValueError):
            raise TwistedMQError("set commitlog readahead mode failed") from None
        if mode not in (NORMAL, RANDOM):
            return Reply(
                ResponseCode.INVALID_PARAMETER,
                remark="set commitlog readahead mode param value error",
            )
        wanted = "true" if mode == NORMAL else "false"
        update(self._settings, f"dataReadAheadEnable={wanted}", ())
        return Reply(remark=f"set commitlog readahead mode success, mode: {mode}")

    def system_topics(self, _request: Request) -> Reply:
        """Give the topics that are the system's own."""
        here = {topic for topic in self._topics if topic in self._topics.system}
        topics = sorted(here | SYSTEM_TOPICS)
        return Reply(body=loose_json.encode(TopicList(topic_list=topics)))
