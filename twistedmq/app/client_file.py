"""``--config FILE``: what the clients of a command are told, as programs are."""

from argparse import ArgumentParser, ArgumentTypeError
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twistedmq.client.session import ClientSettings


def add_config(parser: ArgumentParser) -> None:
    """Have *parser* understand it; ``settings`` is None where it is not given."""
    parser.add_argument(
        "--config",
        dest="settings",
        type=client_settings,
        metavar="FILE",
        help="name servers, access keys and TLS, in Java's properties syntax",
    )


def client_settings(path: str) -> "ClientSettings":
    """Read the file. Raises: ArgumentTypeError."""
    # only who has such a file waits for what reads it
    from twistedmq.client.client_file import ClientConfigError  # noqa: PLC0415
    from twistedmq.client.config_file import load_settings  # noqa: PLC0415
    from twistedmq.remoting.errors import SecurityError  # noqa: PLC0415

    try:
        return load_settings(path)
    except ClientConfigError as error:
        raise ArgumentTypeError(str(error)) from None
    except SecurityError as error:
        raise ArgumentTypeError(f"{path}: {error}") from None
