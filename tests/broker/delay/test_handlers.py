from delay_kit import DelaySide

from twistedmq.broker.delay.handlers import DelayHandlers
from twistedmq.broker.delay.progress import DelayProgress
from twistedmq.config.delay import DelayConfig
from twistedmq.config.live import Live
from twistedmq.protocol.bodies import DataVersion
from twistedmq.protocol.codes import RequestCode
from twistedmq.testing.connections import make_request


def test_the_answer_has_the_bytes_of_the_genuine_one() -> None:
    progress = DelayProgress(Live(DelayConfig()), lambda: 0)
    version = DataVersion(counter=1, timestamp=1795386091192)
    progress.load({1: 1, 3: 2, 4: 0}, version)
    serve = DelayHandlers(progress, DelaySide().store).table()[
        RequestCode.GET_ALL_DELAY_OFFSET
    ]
    reply = serve(make_request(RequestCode.GET_ALL_DELAY_OFFSET))
    assert reply.body == (
        b'{"dataVersion":{"counter":1,"stateVersion":0,"timestamp":1795386091192},'
        b'"offsetTable":{1:1,3:2,4:0}}'
    )


def test_the_runtime_information_says_how_far_each_level_is() -> None:
    side = DelaySide()
    side.delay(1, 3)
    side.pass_s(2)
    side.delay(1, 2)
    assert DelayHandlers(side.progress, side.store).runtime_figures() == {
        "scheduleMessageOffset_1": "3,5"
    }
