"""Reading a topic from asyncio as a bystander."""

from typing import Any

from twistedmq.aio.face import Face, signature_of
from twistedmq.aio.iteration import Iteration
from twistedmq.client.reading import TopicReader as Core


class TopicReader(Face[Core]):
    """Gives the messages of all queues of a topic, as they come, without end.

    ::

        async with TopicReader("orders", start_from=StartFrom.FIRST) as reader:
            async for message in reader:
                print(message.body)

    Arguments are those of the core's ``TopicReader``.
    """

    @signature_of(Core)
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(Core, args, kwargs)

    def __aiter__(self) -> Iteration:
        """Iterate over the messages."""
        self._check_loop()
        return Iteration(self._core.__aiter__())
