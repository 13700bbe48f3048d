"""Makes ``twist rmq-namesrv`` known; the module is imported only when it is run."""

from twisted.application.service import ServiceMaker

maker = ServiceMaker(
    "TwistedMQ name server",
    "twistedmq.app.namesrv",
    "A RocketMQ name server.",
    "rmq-namesrv",
)
