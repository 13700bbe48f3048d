"""Requests about the key-value table."""

from twisted.internet.defer import Deferred

from twistedmq.namesrv.kv import KeyValues
from twistedmq.protocol.codes import RequestCode, ResponseCode
from twistedmq.protocol.command import Reply
from twistedmq.protocol.headers.namesrv import (
    DeleteKVConfigRequestHeader,
    GetKVConfigRequestHeader,
    GetKVConfigResponseHeader,
    GetKVListByNamespaceRequestHeader,
    PutKVConfigRequestHeader,
)
from twistedmq.remoting.interfaces import Handler, Request


class KvHandlers:
    """Serves the key-value table."""

    def __init__(self, values: KeyValues) -> None:
        self._values = values

    def table(self) -> dict[int, Handler]:
        """Give the handlers by code."""
        return {
            RequestCode.PUT_KV_CONFIG: self.put,
            RequestCode.GET_KV_CONFIG: self.get,
            RequestCode.DELETE_KV_CONFIG: self.delete,
            RequestCode.GET_KVLIST_BY_NAMESPACE: self.namespace,
        }

    def put(self, request: Request) -> Deferred[Reply]:
        """Set a value; answered when it is kept."""
        header: PutKVConfigRequestHeader = request.header
        kept = self._values.put(header.namespace, header.key, header.value)
        return kept.addCallback(lambda _: Reply())

    def get(self, request: Request) -> Reply:
        """Give a value."""
        header: GetKVConfigRequestHeader = request.header
        value = self._values.get(header.namespace, header.key)
        answer = GetKVConfigResponseHeader(value=value)
        if value is not None:
            return Reply(header=answer)
        place = f"Namespace: {header.namespace} Key: {header.key}"
        return Reply(
            ResponseCode.QUERY_NOT_FOUND,
            header=answer,
            remark=f"No config item, {place}",
        )

    def delete(self, request: Request) -> Deferred[Reply]:
        """Remove a key; answered when that is kept."""
        header: DeleteKVConfigRequestHeader = request.header
        kept = self._values.delete(header.namespace, header.key)
        return kept.addCallback(lambda _: Reply())

    def namespace(self, request: Request) -> Reply:
        """Give all keys and values of a namespace."""
        header: GetKVListByNamespaceRequestHeader = request.header
        body = self._values.namespace(header.namespace)
        if body is None:
            remark = f"No config item, Namespace: {header.namespace}"
            return Reply(ResponseCode.QUERY_NOT_FOUND, remark=remark)
        return Reply(body=body)
