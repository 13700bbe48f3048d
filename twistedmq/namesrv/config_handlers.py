"""Requests about the name server's own settings."""

from twisted.logger import Logger

from twistedmq.config.loading import update
from twistedmq.config.namesrv import NamesrvConfig
from twistedmq.config.settings import BlackListedKeyError, LiveSettings
from twistedmq.namesrv.kv import NotKeptError
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import Reply
from twistedmq.remoting.interfaces import Handler, Request


class ConfigHandlers:
    """Shows the settings and changes them."""

    _log = Logger()

    def __init__(self, settings: LiveSettings) -> None:
        self._settings = settings
        self._config = settings.live(NamesrvConfig)

    def table(self) -> dict[int, Handler]:
        """Give the handlers by code."""
        return {
            RequestCode.GET_NAMESRV_CONFIG: self.get,
            RequestCode.UPDATE_NAMESRV_CONFIG: self.update,
        }

    def get(self, _: Request) -> Reply:
        """Give all settings as properties text."""
        return Reply(body=self._settings.render().encode())

    def update(self, request: Request) -> Reply:
        """Change settings; all of the request or nothing."""
        text = bytes(request.command.body).decode("utf-8", "replace")
        try:
            names = update(self._settings, text, self._config.value.config_black_list)
        except BlackListedKeyError as error:
            return Reply(ResponseCode.NO_PERMISSION, remark=str(error))
        except OSError as error:
            raise NotKeptError(str(error)) from error
        self._log.info(
            "settings changed by {peer}: {names}",
            peer=request.connection.peer,
            names=", ".join(names),
        )
        return Reply()
