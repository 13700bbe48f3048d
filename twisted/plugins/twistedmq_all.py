"""Makes ``twist rmq`` known; the module is imported only when it is run."""

from twisted.application.service import ServiceMaker

maker = ServiceMaker(
    "TwistedMQ name server and broker",
    "twistedmq.app.all_in_one",
    "A RocketMQ name server and a broker in one process.",
    "rmq",
)
