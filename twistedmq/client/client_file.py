"""What the file says in which a client is told where its cluster is.

It is in Java's properties syntax, and its keys are names that a genuine client takes as
system properties.
"""

from pathlib import Path

from twistedmq.client.errors import ClientError
from twistedmq.config.properties_file import PropertiesError, decode, parse

ADDRESSES = "rocketmq.namesrv.addr"
DOMAIN = "rocketmq.namesrv.domain"
SUBGROUP = "rocketmq.namesrv.domain.subgroup"
INSTANCE = "rocketmq.client.name"
UNIT = "unitName"
ACCESS_KEY = "accessKey"
SECRET_KEY = "secretKey"
SECURITY_TOKEN = "securityToken"
TLS = "tls.enable"
TLS_VERIFIES = "tls.client.authServer"
TLS_TRUST = "tls.client.trustCertPath"
TLS_CERTIFICATE = "tls.client.certPath"
TLS_KEY = "tls.client.keyPath"
TLS_PASSWORD = "tls.client.keyPassword"

KEYS = (
    ADDRESSES,
    DOMAIN,
    SUBGROUP,
    INSTANCE,
    UNIT,
    ACCESS_KEY,
    SECRET_KEY,
    SECURITY_TOKEN,
    TLS,
    TLS_VERIFIES,
    TLS_TRUST,
    TLS_CERTIFICATE,
    TLS_KEY,
    TLS_PASSWORD,
)
SWITCHES = {"true": True, "false": False}


class ClientConfigError(ClientError):
    """A client's file cannot be read, or says something that cannot be."""

    def __init__(self, path: Path, line: int | None, problem: str) -> None:
        """Keep *path*, the number of the *line* if it is one, and the *problem*."""
        where = f"{path}, line {line}" if line else f"{path}"
        super().__init__(f"{where}: {problem}")
        self.path = path
        self.line = line
        self.problem = problem


def read_client_file(path: Path) -> dict[str, str]:
    """Give keys and values. Raises: ClientConfigError."""
    try:
        entries = parse(decode(path.read_bytes()))
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
        raise ClientConfigError(path, None, problem) from error
    except PropertiesError as error:
        raise ClientConfigError(path, error.line, error.problem) from error
    told: dict[str, str] = {}
    for entry in entries:
        line, key = entry.first_line, entry.key
        if key not in KEYS:
            known = ", ".join(KEYS)
            raise ClientConfigError(path, line, f"unknown key {key!r}; known: {known}")
        if key in told:
            raise ClientConfigError(path, line, f"{key} is given twice")
        if not entry.value:
            raise ClientConfigError(path, line, f"{key} has no value")
        if key in {TLS, TLS_VERIFIES} and entry.value not in SWITCHES:
            problem = f"{key} is {entry.value!r}, not true or false"
            raise ClientConfigError(path, line, problem)
        told[key] = entry.value
    return told


def name_servers_told(path: Path) -> str:
    """Give what a file says of name servers, as a text for ``open_source``.

    Raises: ClientConfigError.
    """
    told = read_client_file(path)
    if ADDRESSES in told:
        return told[ADDRESSES]
    if DOMAIN in told:
        return f"http:{told[DOMAIN]}/{told.get(SUBGROUP, '')}"
    problem = f"names no name servers: neither {ADDRESSES} nor {DOMAIN}"
    raise ClientConfigError(path, None, problem)
