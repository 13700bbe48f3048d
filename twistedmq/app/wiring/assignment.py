"""Queues that the broker shares out."""

from twistedmq.app.wiring.capability import Capability
from twistedmq.app.wiring.registration import name_servers
from twistedmq.app.wiring.surroundings import Surroundings
from twistedmq.app.wiring.tables import Tables, config_file
from twistedmq.broker.assignment.file import ModeFile
from twistedmq.broker.assignment.handlers import AssignmentHandlers
from twistedmq.broker.assignment.modes import RequestModes
from twistedmq.broker.assignment.routes import ReadableQueues
from twistedmq.config.assignment import AssignmentConfig
from twistedmq.config.broker import BrokerIdentity


def assignment(around: Surroundings, tables: Tables) -> Capability:
    """Join what shares queues out."""
    config = around.settings.live(AssignmentConfig)
    modes = RequestModes(config)
    file = ModeFile(
        around.reactor, config_file(around, "messageRequestMode.json"), modes
    )
    file.load()
    handlers = AssignmentHandlers(
        queues=ReadableQueues(
            name_servers(around).current, around.client, around.seconds, config
        ),
        modes=modes,
        file=file,
        clients=tables.clients,
        topics=tables.topics,
        groups=tables.groups,
        identity=around.settings.live(BrokerIdentity),
        config=config,
    )
    return Capability([handlers.table()])
