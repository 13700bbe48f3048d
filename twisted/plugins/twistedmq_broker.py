"""Makes ``twist rmq-broker`` known; the module is imported only when it is run."""

from twisted.application.service import ServiceMaker

maker = ServiceMaker(
    "TwistedMQ broker",
    "twistedmq.app.broker",
    "A RocketMQ broker.",
    "rmq-broker",
)
