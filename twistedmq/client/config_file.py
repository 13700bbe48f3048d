"""The file in which a client is told where its cluster is: Java's properties syntax.

Its keys are names that a genuine client takes as system properties.
"""

from collections.abc import Mapping
from pathlib import Path

from twistedmq.client.errors import ClientError
from twistedmq.client.session import ClientSettings
from twistedmq.client.tls import client_security
from twistedmq.config.properties_file import PropertiesError, decode, parse
from twistedmq.protocol.signing import Credentials
from twistedmq.remoting.interfaces import ITransportSecurity

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
_SWITCHES = {"true": True, "false": False}


class ClientConfigError(ClientError):
    """A client's file cannot be read, or says something that cannot be."""

    def __init__(self, path: Path, line: int | None, problem: str) -> None:
        """Keep *path*, the number of the *line* if it is one, and the *problem*."""
        where = f"{path}, line {line}" if line else f"{path}"
        super().__init__(f"{where}: {problem}")
        self.path = path
        self.line = line
        self.problem = problem


def load_settings(path: Path | str) -> ClientSettings:
    """Give the settings that a file tells; what it does not tell stays as it is.

    The name servers are read again every half minute, so that a change of the file is
    followed while a client runs. What else it says holds for clients made afterwards.

    Raises:
        ClientConfigError: it cannot be read, or a key or value in it is not good.
        SecurityError: it names a certificate or key that cannot be used.
    """
    path = Path(path)
    told = read_client_file(path)
    names_servers = ADDRESSES in told or DOMAIN in told
    return ClientSettings(
        nameservers=f"file:{path}" if names_servers else None,
        instance_name=told.get(INSTANCE),
        unit_name=told.get(UNIT),
        credentials=_credentials(path, told),
        security=_security(told),
    )


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
        if key in {TLS, TLS_VERIFIES} and entry.value not in _SWITCHES:
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


def _credentials(path: Path, told: Mapping[str, str]) -> Credentials | None:
    keys = [told.get(name) for name in (ACCESS_KEY, SECRET_KEY)]
    if keys[0] and keys[1]:
        return Credentials(keys[0], keys[1], told.get(SECURITY_TOKEN))
    if any(keys) or SECURITY_TOKEN in told:
        problem = f"{ACCESS_KEY} and {SECRET_KEY} belong together, one is missing"
        raise ClientConfigError(path, None, problem)
    return None


def _security(told: Mapping[str, str]) -> ITransportSecurity | None:
    if not _SWITCHES[told.get(TLS, "false")]:
        return None
    return client_security(
        verify=_SWITCHES[told.get(TLS_VERIFIES, "false")],
        trust_path=told.get(TLS_TRUST, ""),
        certificate_path=told.get(TLS_CERTIFICATE, ""),
        key_path=told.get(TLS_KEY, ""),
        key_password=told.get(TLS_PASSWORD, ""),
    )
